//! Starts everything, in the order in which one thing needs the other.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use runtime::{ANSWER_WITHIN, Deadlines};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::StartError;
use crate::clock::MovableClock;
use crate::configuration::Configuration;
use crate::data::Data;
use crate::emulators::kms::Kms;
use crate::emulators::secrets::Secrets;
use crate::emulators::{self, Services, dynamodb};
use crate::fault::Faults;
use crate::gateway::{self, Gateway};
use crate::mailbox::Mailbox;
use crate::site::Site;
use crate::{functions, pages, test_control, widget};

/// The time that connections may take to end once the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(2);

/// The server to start.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The address that the public port is on, or a name that leads to it; loopback if none.
    pub host: Option<String>,
    /// The public port; 0 takes a free one.
    pub port: u16,
    /// The data folder; in memory if none.
    pub data: Option<PathBuf>,
    /// An organisation file to apply, now and whenever it changes; without one, the embedded demo,
    /// once.
    pub organisation: Option<PathBuf>,
    /// The port of the test control, if there shall be one; 0 takes a free one.
    pub test_control: Option<u16>,
    /// The folder of Okta's sign-in widget, if not in a usual place.
    pub widget: Option<PathBuf>,
    /// The limits that hold for a client address.
    pub limits: Limits,
    /// The time that things may take.
    pub deadlines: Patience,
}

/// The limits that hold for a client address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Limits {
    /// Those of the organisation, as where it is deployed.
    #[default]
    Deployed,
    /// None that a developer would meet: all requests come from the one address.
    OneDeveloper,
}

/// The time that things may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Patience {
    /// As long as they take on a machine that is busy with other things.
    #[default]
    Far,
    /// As long as where it is deployed, for those who try what happens when AWS does not answer.
    Deployed,
}

/// A server that runs. Dropping it ends its tasks; [`shutdown`](Self::shutdown) ends them in good
/// order.
pub struct Running {
    /// The public address, without a slash at the end.
    pub base_url: String,
    /// The address of the public port.
    pub listens: SocketAddr,
    /// Address of the test control, if there is one.
    pub test_control_url: Option<String>,
    /// Address of the embedded DynamoDB.
    pub dynamodb_url: String,
    /// Address of SES, KMS and Secrets Manager.
    pub services_url: String,
    /// The mail that was sent.
    pub mailbox: Arc<Mailbox>,
    /// The functions' clock.
    pub clock: Arc<MovableClock>,
    /// Orders to fail.
    pub faults: Arc<Faults>,
    /// The variables of the functions, for those who run some of their own beside these.
    pub variables: BTreeMap<&'static str, String>,
    /// The report about the organisation, for people.
    pub organisation: String,
    stop: watch::Sender<bool>,
    servers: JoinSet<()>,
    timers: JoinSet<()>,
    data: Arc<Data>,
}

/// Starts everything; returns when it answers.
///
/// # Errors
/// [`StartError`], one line for the operator.
pub async fn start(options: Options) -> Result<Running, StartError> {
    // What is likely to fail, and what people can mend, comes first.
    let widget = widget::find(options.widget)?;
    let host = Host::of(options.host.as_deref());
    let public = listen(&host.listens, options.port).await?;
    let control = match options.test_control {
        Some(port) => Some(listen(LOOPBACK, port).await?),
        None => None,
    };
    let data = Arc::new(match &options.data {
        Some(folder) => Data::open(folder)?,
        None => Data::in_memory(),
    });
    let (clock, faults) = (Arc::new(MovableClock::default()), Arc::new(Faults::default()));
    let mailbox = Arc::new(Mailbox::open(&data)?);
    let database = dynamodb::open(&data)?;
    let kms = Kms::open(&data).await?;
    let secrets = Secrets::open(&data, &database)?;

    let (stop, stopped) = watch::channel(false);
    let mut tasks = Tasks { servers: JoinSet::new(), stopped };
    let engine = listen(LOOPBACK, 0).await?;
    let engine_address = address(&engine)?;
    tasks.servers.spawn(dynamodb::serve(engine, database.clone(), tasks.until_stopped()));
    let dynamodb_url = if control.is_some() {
        tasks.serve(listen(LOOPBACK, 0).await?, dynamodb::proxy(engine_address, faults.clone()))?
    } else {
        format!("http://{engine_address}")
    };
    let services = Services {
        mailbox: mailbox.clone(),
        kms: kms.clone(),
        secrets,
        faults: faults.clone(),
        clock: clock.clone(),
    };
    let services_url =
        tasks.serve(listen(LOOPBACK, 0).await?, emulators::router(Arc::new(services)))?;

    let listens = address(&public)?;
    let base_url = host.base_url(listens.port());
    let places = functions::Places {
        base_url: &base_url,
        dynamodb_url: &dynamodb_url,
        services_url: &services_url,
        signing_key: &Kms::key_arn(),
    };
    let variables =
        functions::variables(&places).map(|(name, value)| (name, value.to_owned())).into();
    let environment =
        functions::environment(&places, clock.clone())?.with_deadlines(functions::FAR);
    data.put("functions.env", &functions::environment_file(&places))?;
    let client = ::dynamodb::Client::new(&environment.dynamodb());
    ::dynamodb::create_table(&client, functions::TABLE)
        .await
        .map_err(|error| StartError::Database(error.to_string()))?;
    let configuration = Configuration::new(client, functions::TABLE, clock.clone()).at(&base_url);
    let organisation = configuration.begin(options.organisation.as_deref()).await?;
    // A new key takes a busy machine longer to make than a function waits for it.
    kms.ready().await?;
    let (deadlines, answer_within) = match options.deadlines {
        Patience::Far => (functions::FAR, functions::FAR_ANSWER),
        Patience::Deployed => (Deadlines::default(), ANSWER_WITHIN),
    };
    let least_per_source = match options.limits {
        Limits::Deployed => 0,
        Limits::OneDeveloper => functions::LEAST_PER_SOURCE,
    };
    let environment = environment.with_deadlines(deadlines);
    let engines = functions::engines(&environment, least_per_source).await?;

    let mut timers = JoinSet::new();
    timers.spawn(dynamodb::sweep(database.clone()));
    if let Some(file) = options.organisation {
        timers.spawn(configuration.clone().watch(file));
    }
    let site = Arc::new(Site {
        base_url: base_url.clone(),
        mailbox: mailbox.clone(),
        database,
        configuration,
        widget,
    });
    let test_control_url = match control {
        Some(control) => {
            let router = test_control::router(site.clone(), clock.clone(), faults.clone());
            Some(tasks.serve(control, router)?)
        }
        None => None,
    };
    let gateway = Router::new().fallback(gateway::serve).with_state(Arc::new(Gateway::new(
        engines,
        clock.clone(),
        answer_within,
    )));
    tasks.serve(public, pages::router(site).fallback_service(gateway))?;
    Ok(Running {
        base_url,
        listens,
        test_control_url,
        dynamodb_url,
        services_url,
        mailbox,
        clock,
        faults,
        variables,
        organisation,
        stop,
        servers: tasks.servers,
        timers,
        data,
    })
}

impl Running {
    /// Stops taking requests, lets the running ones end, and returns when all have, or after two
    /// seconds.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        self.timers.shutdown().await;
        let _ = tokio::time::timeout(STOP_WITHIN, async {
            while self.servers.join_next().await.is_some() {}
        })
        .await;
        self.servers.shutdown().await;
        self.data.unlock();
    }
}

struct Tasks {
    servers: JoinSet<()>,
    stopped: watch::Receiver<bool>,
}

impl Tasks {
    /// Serves `router`; its address.
    fn serve(&mut self, listener: TcpListener, router: Router) -> Result<String, StartError> {
        let address = address(&listener)?;
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(listener, service).with_graceful_shutdown(self.until_stopped());
        self.servers.spawn(async move {
            let _ = serving.await;
        });
        Ok(format!("http://{address}"))
    }

    fn until_stopped(&self) -> impl Future<Output = ()> + Send + 'static + use<> {
        let mut stopped = self.stopped.clone();
        async move {
            // An error means that the sender is gone, which is the end as well.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }
    }
}

const LOOPBACK: &str = "127.0.0.1";

/// The address of the public port, and its name for others.
struct Host {
    listens: String,
    /// As it stands in addresses.
    name: String,
}

impl Host {
    /// `127.0.0.1` if nothing is said. Of every address there is (`0.0.0.0`, as in a container
    /// with a forwarded port) none is more right than the one that browsers on the same machine
    /// use.
    fn of(host: Option<&str>) -> Self {
        let listens = host.unwrap_or(LOOPBACK).trim_matches(['[', ']']).to_owned();
        let name = match listens.parse::<IpAddr>() {
            Ok(address)
                if address.is_unspecified()
                    || [IpAddr::from(Ipv4Addr::LOCALHOST), Ipv6Addr::LOCALHOST.into()]
                        .contains(&address) =>
            {
                "localhost".into()
            }
            Ok(IpAddr::V6(address)) => format!("[{address}]"),
            _ => listens.clone(),
        };
        Self { listens, name }
    }

    /// As browsers have it: they leave the usual port out, and write names small.
    fn base_url(&self, port: u16) -> String {
        let name = self.name.to_ascii_lowercase();
        if port == 80 { format!("http://{name}") } else { format!("http://{name}:{port}") }
    }
}

async fn listen(host: &str, port: u16) -> Result<TcpListener, StartError> {
    TcpListener::bind((host, port)).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => StartError::PortTaken(port),
        _ => StartError::Listen { host: host.into(), port, cause: error.to_string() },
    })
}

fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(|cause| StartError::Listen {
        host: LOOPBACK.into(),
        port: 0,
        cause: cause.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_named_as_browsers_name_it() {
        let base_url = |host: Option<&str>, port| Host::of(host).base_url(port);
        for here in [
            None,
            Some("127.0.0.1"),
            Some("localhost"),
            Some("::1"),
            Some("[::1]"),
            Some("0.0.0.0"),
            Some("::"),
        ] {
            assert_eq!(base_url(here, 8787), "http://localhost:8787", "{here:?}");
        }
        assert_eq!(base_url(None, 80), "http://localhost");
        assert_eq!(base_url(Some("192.168.1.5"), 8787), "http://192.168.1.5:8787");
        assert_eq!(
            base_url(Some("127.0.0.2"), 8787),
            "http://127.0.0.2:8787",
            "no browser finds it as localhost"
        );
        assert_eq!(base_url(Some("fd00::5"), 8787), "http://[fd00::5]:8787");
        assert_eq!(base_url(Some("MyBox.local"), 80), "http://mybox.local");
        assert_eq!(Host::of(Some("[::1]")).listens, "::1");
    }
}
