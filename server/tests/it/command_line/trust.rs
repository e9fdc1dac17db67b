//! A house behind an authority of its own, over real TLS: OpenSSL makes the certificates and answers.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::Shell;

const ANSWER: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"parts\": [], \"incidents\": []}";

fn openssl(folder: &Path, words: &[&str]) {
    let made = Command::new("openssl").current_dir(folder).args(words).output().expect("openssl is there");
    assert!(made.status.success(), "{words:?}: {}", String::from_utf8_lossy(&made.stderr));
}

/// Ends with the test.
struct House(Child);

impl Drop for House {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl House {
    fn open(folder: &Path, port: u16) -> Self {
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
        let authority =
            ["req", "-x509", "-subj", "/CN=Authority", "-keyout", "authority.key", "-out", "authority.pem"];
        openssl(folder, &[&authority[..], &key].concat());
        let asked = ["req", "-subj", "/CN=house", "-keyout", "house.key", "-out", "house.csr"];
        openssl(folder, &[&asked[..], &key].concat());
        std::fs::write(folder.join("names"), "subjectAltName=IP:127.0.0.1\n").unwrap();
        let signed = [
            "x509",
            "-req",
            "-in",
            "house.csr",
            "-CA",
            "authority.pem",
            "-CAkey",
            "authority.key",
            "-CAcreateserial",
        ];
        openssl(folder, &[&signed[..], &["-extfile", "names", "-out", "house.pem"]].concat());
        std::fs::create_dir_all(folder.join("api/v1")).unwrap();
        std::fs::write(folder.join("api/v1/status"), ANSWER).unwrap();
        let child = Command::new("openssl")
            .current_dir(folder)
            .args([
                "s_server",
                "-quiet",
                "-HTTP",
                "-accept",
                &format!("127.0.0.1:{port}"),
                "-cert",
                "house.pem",
                "-key",
                "house.key",
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let house = Self(child);
        for _ in 0..100 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return house;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("OpenSSL does not answer");
    }
}

#[tokio::test]
async fn a_house_is_believed_by_the_authority_that_the_environment_names() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut shell = Shell::new(&format!("https://127.0.0.1:{port}"));
    let _house = House::open(shell.folder.path(), port);

    let told = shell.run(&["status"]).await.expect(6).err;
    assert!(told.contains("an authority that is not known here") && told.contains("SSL_CERT_FILE"), "{told}");
    let believing = |file: &str| vec![("SSL_CERT_FILE", file.to_owned())];
    shell.environment = believing("authority.pem");
    shell.run(&["status"]).await.expect(0);

    for holds_none in ["house.key", "nowhere.pem"] {
        shell.environment = believing(holds_none);
        shell.run(&["status"]).await.expect(6);
    }
}
