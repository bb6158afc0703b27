//! Some who act at the same time, and what may come of it: what could have come of it had they
//! acted one after the other (I13).

use std::collections::BTreeMap;

use crate::interleavings::invariants;
use crate::interleavings::outcome::Outcome;
use crate::interleavings::scheduler::{Running, Waiting, letter};
use crate::interleavings::schedules::{All, of_seed, of_word, serial, word};
use crate::interleavings::world::{Act, Snapshot, World};
use crate::stage::Answer;

/// Schedules by chance, for each story that has too many to try them all; `SCHEDULES` asks for
/// more.
const BY_CHANCE: u64 = 40;

/// Of two who act, so many schedules are tried one by one; `ALL` allows more.
const ONE_BY_ONE: u64 = 4_000;

/// Calls that a request makes, about: where in a schedule priorities change.
const CALLS: usize = 6;

type Law<'w> = Box<dyn Fn(&World, &[Answer]) -> Result<(), String> + 'w>;

/// Some acts, and the world in which they begin.
pub struct Story<'w> {
    world: &'w World,
    acts: Vec<Act>,
    before: Snapshot,
    law: Law<'w>,
    serializable: bool,
    /// What can come of some of the acts, one after the other.
    serial: BTreeMap<Vec<usize>, Vec<Outcome>>,
}

/// How a story was told.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Schedules that were tried.
    pub schedules: u64,
    /// True if they were all there are, up to the order of calls that have nothing to do with each
    /// other.
    pub all: bool,
    /// What came of them that can be told apart.
    pub outcomes: Vec<Outcome>,
}

impl<'w> Story<'w> {
    /// These act at the same time, in the world as it is now.
    pub fn new(world: &'w World, acts: impl IntoIterator<Item = Act>) -> Self {
        let acts = acts.into_iter().collect();
        Self {
            world,
            acts,
            before: world.snapshot(),
            law: Box::new(|_, _| Ok(())),
            serializable: true,
            serial: BTreeMap::new(),
        }
    }

    /// Whatever comes of it, this holds. It may act in the world itself, which is put back
    /// afterwards.
    #[must_use]
    pub fn always(mut self, law: impl Fn(&World, &[Answer]) -> Result<(), String> + 'w) -> Self {
        self.law = Box::new(law);
        self
    }

    /// Only the laws hold; there is a reason why what comes of it need not be what comes of it one
    /// after the other.
    #[must_use]
    pub fn not_serializable(mut self) -> Self {
        self.serializable = false;
        self
    }

    /// Tells it in every order, or in many; fails with the first one that must not be. The world is
    /// as before then.
    pub fn prove(mut self) {
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        if let Ok(schedule) = std::env::var("REPLAY") {
            let told = self.tell(of_word(&schedule));
            println!("{name}, REPLAY={schedule}\n{}", self.world.scheduler.story());
            told.unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            self.world.restore(&self.before);
            return;
        }
        let Told { schedules, all, outcomes } =
            self.violation().unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        self.world.restore(&self.before);
        println!(
            "{name}: {schedules} schedules{}, {} outcomes",
            if all { ", all there are" } else { "" },
            outcomes.len()
        );
    }

    /// How it was told, or the first time that it came out wrong.
    ///
    /// # Errors
    /// The story, what is wrong with it, and how to see it again.
    pub fn violation(&mut self) -> Result<Told, String> {
        let mut told = Told::default();
        if self.acts.len() == 2 {
            told = self.one_by_one(true, number("ALL").unwrap_or(ONE_BY_ONE))?;
        }
        if !told.all {
            for seed in 0..number("SCHEDULES").unwrap_or(BY_CHANCE) {
                let outcome = self.tell(of_seed(seed, self.acts.len(), CALLS * self.acts.len()));
                told.note(outcome.map_err(|wrong| format!("seed {seed}: {wrong}"))?);
            }
        }
        Ok(told)
    }

    /// Tells it with one schedule after the other, with or without those that make no difference.
    pub fn one_by_one(&mut self, reduced: bool, most: u64) -> Result<Told, String> {
        let (mut told, mut all) = (Told::default(), All::new(reduced));
        while told.schedules < most {
            let outcome = self.tell(|waiting| all.choose(waiting));
            if all.counts() {
                told.note(outcome?);
            }
            if !all.advance() {
                told.all = true;
                break;
            }
        }
        Ok(told)
    }

    /// Tells it once; what came of it, or why that must not be.
    fn tell(&mut self, mut choose: impl FnMut(&[Waiting]) -> usize) -> Result<Outcome, String> {
        let mut schedule = String::new();
        let everybody: Vec<usize> = (0..self.acts.len()).collect();
        let (outcome, answers) = self.act(&everybody, |waiting| {
            let chosen = choose(waiting);
            schedule.push(word(waiting, chosen));
            chosen
        });
        let story = self.world.scheduler.story();
        let laws = invariants::hold(self.world, &self.before)
            .and_then(|()| (self.law)(self.world, &answers));
        laws.and_then(|()| self.could_be_serial(&outcome)).map_err(|wrong| {
            let acts: Vec<String> = self
                .acts
                .iter()
                .enumerate()
                .map(|(index, act)| format!("{}: {act}", letter(index)))
                .collect();
            let told = |(index, answer): (usize, &Answer)| {
                format!("{}: {} {}", letter(index), answer.status, answer.text)
            };
            let answers: Vec<String> = answers.iter().enumerate().map(told).collect();
            format!(
                "{wrong}\n\nREPLAY={schedule}\n{}\n\n{story}\n\n{}",
                acts.join("\n"),
                answers.join("\n")
            )
        })?;
        Ok(outcome)
    }

    fn could_be_serial(&mut self, outcome: &Outcome) -> Result<(), String> {
        if !self.serializable {
            return Ok(());
        }
        // Whoever was overtaken too often is told so, and has done nothing.
        let who: Vec<usize> =
            (0..self.acts.len()).filter(|index| !outcome.gave_up(*index)).collect();
        // Nor has whoever met a budget that others were just counting in, and would have taken
        // back: doubt is a refusal (I12).
        let admitted: Vec<usize> =
            who.iter().copied().filter(|index| !outcome.was_refused(*index)).collect();
        let mut differences = self.differences(outcome, &who);
        if admitted != who {
            differences.extend(self.differences(outcome, &admitted));
        }
        if differences.iter().any(String::is_empty) {
            return Ok(());
        }
        Err(format!(
            "no order of the requests, one after the other, leads to this; it differs from them by\n{}",
            differences.join("\nor\n")
        ))
    }

    fn differences(&mut self, outcome: &Outcome, who: &[usize]) -> Vec<String> {
        self.serial(who).iter().map(|one| outcome.differences(one, who)).collect()
    }

    /// What can come of these acts, one after the other.
    fn serial(&mut self, who: &[usize]) -> &[Outcome] {
        if !self.serial.contains_key(who) {
            let outcomes = orders(who).iter().map(|order| self.act(who, serial(order)).0).collect();
            self.serial.insert(who.to_vec(), outcomes);
        }
        &self.serial[who]
    }

    /// Lets these act, from the beginning.
    fn act(
        &self,
        who: &[usize],
        choose: impl FnMut(&[Waiting]) -> usize,
    ) -> (Outcome, Vec<Answer>) {
        self.world.restore(&self.before);
        let requests = self.acts.iter().enumerate().map(|(index, act)| -> Running<'_, Answer> {
            let acts = who.contains(&index);
            Box::pin(
                async move { if acts { self.world.perform(act).await } else { Answer::nothing() } },
            )
        });
        let answers = self.world.scheduler.run(requests.collect(), choose);
        (Outcome::of(self.world, &answers), answers)
    }
}

impl Told {
    fn note(&mut self, outcome: Outcome) {
        self.schedules += 1;
        if !self.outcomes.contains(&outcome) {
            self.outcomes.push(outcome);
        }
    }
}

/// All orders of these.
fn orders(who: &[usize]) -> Vec<Vec<usize>> {
    if who.is_empty() {
        return vec![Vec::new()];
    }
    let with_first = |first: &usize| {
        let rest: Vec<usize> = who.iter().copied().filter(|other| other != first).collect();
        orders(&rest).into_iter().map(|order| [vec![*first], order].concat()).collect::<Vec<_>>()
    };
    who.iter().flat_map(with_first).collect()
}

/// A number of the environment.
fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is a number, not {text:?}")))
}
