//! The use that a step makes of each service.

use std::collections::BTreeMap;

use crate::document::Template;

/// A row of the cost table.
#[derive(Clone, Debug)]
pub struct Step {
    function: String,
    trips: f64,
    read_units: f64,
    write_units: f64,
    hashes: f64,
    mails: f64,
    signatures: f64,
    bytes: f64,
}

/// The units that are charged for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub requests: f64,
    pub bytes: f64,
    pub gb_seconds: f64,
    pub read_units: f64,
    pub write_units: f64,
    pub mails: f64,
    pub signatures: f64,
    pub secret_requests: f64,
    pub log_bytes: f64,
}

/// The machine the functions run on.
pub struct Machine {
    /// By name: memory in MB, and how many secrets an instance reads when it starts.
    pub functions: BTreeMap<String, (f64, f64)>,
    pub measured: BTreeMap<String, f64>,
    pub assumed: BTreeMap<String, f64>,
    /// What a stack has as the template makes it by itself, used or not: secrets, alarms, and the
    /// metrics that these look at.
    pub secrets: f64,
    pub alarms: f64,
    pub metrics: f64,
}

/// The cost table by the names of its steps. Its columns are found by name: a new column breaks
/// nothing, a missing one is reported.
pub fn table(text: &str) -> BTreeMap<String, Step> {
    let mut rows = text
        .lines()
        .map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
    let head = rows.next().unwrap();
    let column = |name: &str| {
        head.iter()
            .position(|one| *one == name)
            .unwrap_or_else(|| panic!("the cost table has no column {name:?}"))
    };
    let steps = rows.skip(1).map(|row| {
        let number = |name: &str| row[column(name)].parse().unwrap();
        let step = Step {
            function: row[column("function")].into(),
            trips: number("trips"),
            read_units: number("read units"),
            write_units: number("write units"),
            hashes: number("hashes"),
            mails: number("mails"),
            signatures: number("signatures"),
            bytes: number("bytes"),
        };
        (row[column("step")].to_owned(), step)
    });
    steps.collect()
}

impl Machine {
    /// The functions as the template configures them.
    pub fn of(
        template: &Template,
        measured: &BTreeMap<String, f64>,
        assumed: &BTreeMap<String, f64>,
    ) -> Self {
        let global = &template.section("Globals")["Function"];
        let secrets = |of: &serde_json::Value| {
            let variables = of["Environment"]["Variables"].as_object();
            // One that is there on a condition belongs to a proxy.
            let read = |(name, value): &(&String, &serde_json::Value)| {
                name.ends_with("_SECRET_ID") && value.get("Ref").is_some()
            };
            variables.map_or(0, |variables| variables.iter().filter(read).count())
        };
        let mut functions = BTreeMap::new();
        for (name, (_, function)) in template.functions() {
            let own = &function["Properties"];
            let memory = own["MemorySize"].as_f64().or(global["MemorySize"].as_f64()).unwrap();
            let count = u32::try_from(secrets(own) + secrets(global)).unwrap();
            functions.insert(name.to_owned(), (memory, f64::from(count)));
        }
        let alarms = template.of_type("AWS::CloudWatch::Alarm");
        // An alarm on several metrics costs as many alarms.
        let of_alarm = |alarm: &&serde_json::Value| {
            let metrics = alarm["Properties"]["Metrics"].as_array();
            metrics.map_or(1, |metrics| {
                metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).count()
            })
        };
        let metrics = alarms.values().map(of_alarm).sum();
        let secrets = template
            .of_type("AWS::SecretsManager::Secret")
            .into_values()
            .filter(|secret| secret.get("Condition").is_none())
            .count();
        let [secrets, alarms, metrics] =
            [secrets, alarms.len(), metrics].map(|count| f64::from(u32::try_from(count).unwrap()));
        Self {
            functions,
            measured: measured.clone(),
            assumed: assumed.clone(),
            secrets,
            alarms,
            metrics,
        }
    }

    /// The use of one such step.
    pub fn usage(&self, step: &Step) -> Usage {
        let (memory, secrets) = self.functions[&step.function];
        let (measured, assumed) =
            (|name: &str| self.measured[name], |name: &str| self.assumed[name]);
        // Below a whole processor, a function waits for its share of one (security.md §5).
        let stretched =
            |cpu: f64| cpu * assumed("slower") * (assumed("mb_per_processor") / memory).max(1.0);
        let working =
            stretched(step.hashes * measured("hash") + step.trips.max(1.0) * measured("trip"));
        let waiting = step.trips * assumed("dynamodb")
            + step.mails * assumed("ses")
            + step.signatures * assumed("kms");
        // Charged by the millisecond, begun ones too.
        let charged = (working + waiting).ceil() + assumed("cold") * stretched(measured("start"));
        Usage {
            requests: 1.0,
            bytes: step.bytes,
            gb_seconds: memory / 1_024.0 * charged / 1e3,
            read_units: step.read_units,
            write_units: step.write_units,
            mails: step.mails,
            signatures: step.signatures,
            secret_requests: assumed("cold") * secrets,
            log_bytes: measured("log_bytes"),
        }
    }
}

impl Usage {
    pub fn add(&mut self, times: f64, other: &Self) {
        self.requests += times * other.requests;
        self.bytes += times * other.bytes;
        self.gb_seconds += times * other.gb_seconds;
        self.read_units += times * other.read_units;
        self.write_units += times * other.write_units;
        self.mails += times * other.mails;
        self.signatures += times * other.signatures;
        self.secret_requests += times * other.secret_requests;
        self.log_bytes += times * other.log_bytes;
    }
}
