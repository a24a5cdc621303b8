//! Between an engine and a server: what becomes of the connection for messages alone.

use std::net::Ipv4Addr;

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing goes on.
    Jammed,
    /// What is connected is cut off, and nothing connects.
    Cut,
}

pub struct Proxy {
    port: u16,
    way: watch::Sender<Way>,
    listener: JoinHandle<()>,
}

impl Proxy {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let way = watch::Sender::new(Way::Open);
        let of_messages = way.subscribe();
        let listener = tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(client, server.clone(), of_messages.clone()));
            }
        });
        Self { port, way, listener }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn open(&self) {
        self.way.send_replace(Way::Open);
    }

    pub fn jam(&self) {
        self.way.send_replace(Way::Jammed);
    }

    pub fn cut(&self) {
        self.way.send_replace(Way::Cut);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn pass(mut client: TcpStream, server: String, mut way: watch::Receiver<Way>) -> Option<()> {
    let mut server = TcpStream::connect(server).await.ok()?;
    let mut bytes = vec![0; 64 << 10];
    // The server says first what it is, and then the client what it is called.
    let length = server.read(&mut bytes).await.ok()?;
    client.write_all(&bytes[..length]).await.ok()?;
    let length = client.read(&mut bytes).await.ok()?;
    let is_of_messages = String::from_utf8_lossy(&bytes[..length]).contains(", messages\"");
    if is_of_messages && *way.borrow() == Way::Cut {
        return None;
    }
    server.write_all(&bytes[..length]).await.ok()?;
    if !is_of_messages {
        return copy_bidirectional(&mut client, &mut server).await.ok().map(drop);
    }
    loop {
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return None,
            _ = way.wait_for(|way| *way != Way::Open) => {}
        }
        if *way.wait_for(|way| *way != Way::Jammed).await.ok()? == Way::Cut {
            return None;
        }
    }
}
