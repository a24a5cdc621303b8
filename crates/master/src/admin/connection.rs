//! One connection to the admin address.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio::time::timeout;

use cluster_admin::request::{LONGEST_BODY, LONGEST_HEAD, Method, Parsed, Request};
use cluster_admin::response::{Persistence, Response, Status};
use cluster_admin::route::{AdminAccess, AskedFor, Scope};

/// How long a request may take from its first byte on, and an answer until it is read.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a connection may wait for its next request: longer than the pause of a monitoring system.
const IDLE: Duration = Duration::from_secs(75);

/// Read at once.
const CHUNK: usize = 4 << 10;

/// Something that bytes come from and go to.
pub(super) trait ByteStream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> ByteStream for S {}

/// What came in, for the master's loop.
#[derive(Debug)]
pub struct AdminRequest {
    pub asked: AskedFor,
    /// Where the answer goes.
    pub reply: oneshot::Sender<Response>,
}

/// Until one of both sides has enough.
pub(super) async fn serve(mut stream: impl ByteStream, access: Rc<AdminAccess>, asking: Sender<AdminRequest>) {
    let mut came = Vec::new();
    // Only orders have a body.
    let most = LONGEST_HEAD + if access.scope == Scope::Control { LONGEST_BODY } else { 0 };
    // Whoever connects asks at once.
    let mut wait = PATIENCE;
    loop {
        let (request, length) = match timeout(wait, first_bytes(&mut stream, &mut came)).await {
            Ok(Ok(())) => match timeout(PATIENCE, next(&mut stream, &mut came, most)).await {
                Ok(Ok(Incoming::Request(request, length))) => (request, length),
                Ok(Ok(Incoming::Refused(response))) => return refuse(stream, response).await,
                Ok(Err(_)) => return,
                Err(_) => return refuse(stream, Response::text(Status::Timeout, "The request took too long.")).await,
            },
            _ => return,
        };
        came.drain(..length);
        let response = match access.asked(&request) {
            Ok(asked) => match ask(&asking, asked).await {
                Some(response) => response,
                // The master is over.
                None => return,
            },
            Err(refusal) => refusal,
        };
        let connection = if request.keep_alive { Persistence::KeepAlive } else { Persistence::Close };
        let mut written = response.write(request.method, connection);
        if !matches!(timeout(PATIENCE, stream.write_all_buf(&mut written)).await, Ok(Ok(()))) {
            return;
        }
        if connection == Persistence::Close {
            let _ = timeout(PATIENCE, stream.shutdown()).await;
            return;
        }
        wait = IDLE;
    }
}

async fn first_bytes(stream: &mut impl ByteStream, came: &mut Vec<u8>) -> io::Result<()> {
    if came.is_empty() { read(stream, came).await } else { Ok(()) }
}

/// What comes next.
enum Incoming {
    Request(Box<Request>, usize),
    /// No request: its answer.
    Refused(Response),
}

async fn next(stream: &mut impl ByteStream, came: &mut Vec<u8>, most: usize) -> io::Result<Incoming> {
    loop {
        match Request::parse(came) {
            Ok(Parsed::Complete(request, length)) => return Ok(Incoming::Request(request, length)),
            Ok(Parsed::Incomplete) if came.len() <= most => read(stream, came).await?,
            Ok(Parsed::Incomplete) => return Err(io::ErrorKind::InvalidData.into()),
            Err(why) => return Ok(Incoming::Refused(Response::to_unreadable(why))),
        }
    }
}

async fn read(stream: &mut impl ByteStream, came: &mut Vec<u8>) -> io::Result<()> {
    came.reserve(CHUNK);
    match stream.read_buf(came).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

async fn ask(asking: &Sender<AdminRequest>, asked: AskedFor) -> Option<Response> {
    let (reply, answer) = oneshot::channel();
    asking.send(AdminRequest { asked, reply }).await.ok()?;
    answer.await.ok()
}

/// The last answer. What is not read yet would turn the close into a reset, which takes the answer away.
async fn refuse(mut stream: impl ByteStream, response: Response) {
    let mut written = response.write(Method::Get, Persistence::Close);
    let all = async {
        stream.write_all_buf(&mut written).await?;
        stream.shutdown().await?;
        let mut rest = [0; CHUNK];
        while stream.read(&mut rest).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(PATIENCE, all).await;
}
