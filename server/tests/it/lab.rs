//! A small real provider of OpenID Connect, that says what a test wants, and browsers that are led to it.
#![expect(clippy::disallowed_methods, reason = "a service that is not the platform's")]

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use holdout::accounts::providers::demands::Demands;
use holdout::accounts::providers::settings::Provider;
use holdout::config::{Config, Secret};
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
    RsaKeyPair,
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgPool, Row};

use crate::client::{Answer, Client};
use crate::world::{World, sql};

pub const PASSWORD: &str = "correct horse battery";
pub const CLIENT_SECRET: &str = "of the client, for the provider alone";

/// A private key, made in the test.
#[derive(Clone)]
pub enum Key {
    Ed(Vec<u8>),
    Ec(Vec<u8>),
    Rsa(Arc<RsaKeyPair>),
}

impl Key {
    pub fn ed() -> Self {
        Self::Ed(Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap().as_ref().to_vec())
    }

    pub fn ec() -> Self {
        let rules = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self::Ec(EcdsaKeyPair::generate_pkcs8(rules, &SystemRandom::new()).unwrap().as_ref().to_vec())
    }

    /// By OpenSSL, since `ring` makes none.
    pub fn rsa() -> Self {
        let made = Command::new("openssl")
            .args(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-outform", "DER"])
            .output()
            .expect("openssl is there");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let pair = RsaKeyPair::from_pkcs8(&made.stdout).or_else(|_| RsaKeyPair::from_der(&made.stdout));
        Self::Rsa(Arc::new(pair.unwrap()))
    }

    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Ed(_) => "EdDSA",
            Self::Ec(_) => "ES256",
            Self::Rsa(_) => "RS256",
        }
    }

    fn sign(&self, algorithm: &str, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match self {
            Self::Ed(key) => Ed25519KeyPair::from_pkcs8(key).unwrap().sign(message).as_ref().to_vec(),
            Self::Ec(key) => {
                let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, key, &random).unwrap();
                pair.sign(&random, message).unwrap().as_ref().to_vec()
            }
            Self::Rsa(pair) => {
                let mut signature = vec![0; pair.public().modulus_len()];
                let rules: &'static dyn ring::signature::RsaEncoding =
                    if algorithm == "PS256" { &RSA_PSS_SHA256 } else { &RSA_PKCS1_SHA256 };
                pair.sign(rules, &random, message, &mut signature).unwrap();
                signature
            }
        }
    }

    pub fn public(&self, kid: &str) -> Value {
        let text = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let mut key = match self {
            Self::Ed(key) => {
                let pair = Ed25519KeyPair::from_pkcs8(key).unwrap();
                json!({ "kty": "OKP", "crv": "Ed25519", "x": text(pair.public_key().as_ref()), "alg": "EdDSA" })
            }
            Self::Ec(key) => {
                let rules = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let pair = EcdsaKeyPair::from_pkcs8(rules, key, &SystemRandom::new()).unwrap();
                let (x, y) = pair.public_key().as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": text(x), "y": text(y), "alg": "ES256" })
            }
            // Without `alg`: good for both ways to sign with it.
            Self::Rsa(pair) => {
                let parts: PublicKeyComponents<Vec<u8>> = pair.public().into();
                json!({ "kty": "RSA", "n": text(&[vec![0], parts.n].concat()), "e": text(&parts.e) })
            }
        };
        key["kid"] = json!(kid);
        key["use"] = json!("sig");
        key
    }

    pub fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let algorithm = header["alg"].as_str().unwrap_or_default();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(self.sign(algorithm, signed.as_bytes())))
    }
}

#[derive(Default)]
pub struct Inside {
    pub keys: Vec<(String, Key)>,
    /// By code: the challenge of PKCE, and the token that it is worth.
    codes: HashMap<String, (String, String)>,
    /// What it says otherwise than it should.
    pub lies: Value,
    pub n_asked: usize,
}

/// A provider that gives out what a test wants.
#[derive(Clone)]
pub struct Lab {
    pub issuer: String,
    pub now: i64,
    pub inside: Arc<Mutex<Inside>>,
}

/// What was asked for at the authorization endpoint.
pub struct Asked(pub HashMap<String, String>);

impl Lab {
    pub async fn open(pool: &PgPool) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let now = sql("select extract(epoch from clock_now())::bigint").fetch_one(pool).await.unwrap().get(0);
        let lab = Self { issuer, now, inside: Arc::default() };
        lab.rotate("first", Key::ed());
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(tell))
            .route("/keys", get(tell_keys))
            .route("/token", post(exchange))
            .with_state(lab.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        lab
    }

    pub fn provider(&self, name: &str) -> Provider {
        Provider {
            name: name.to_owned(),
            title: "The lab".to_owned(),
            issuer: self.issuer.clone(),
            client_id: "holdout".to_owned(),
            client_secret: Secret::new(CLIENT_SECRET),
            sign_out_there: true,
            older_logout_tokens: false,
            demands: Demands::default(),
        }
    }

    /// From now on there is one key, of this name.
    pub fn rotate(&self, kid: &str, key: Key) {
        self.inside.lock().unwrap().keys = vec![(kid.to_owned(), key)];
    }

    pub fn claims(&self, asked: &Asked, subject: &str) -> Value {
        json!({
            "iss": self.issuer, "aud": "holdout", "sub": subject, "nonce": asked.0["nonce"],
            "iat": self.now, "exp": self.now + 300,
            "email": format!("{subject}@people.test"), "email_verified": true, "preferred_username": subject,
        })
    }

    pub fn signed(&self, claims: &Value) -> String {
        let (kid, key) = self.inside.lock().unwrap().keys[0].clone();
        key.token(&json!({ "alg": key.algorithm(), "kid": kid }), claims)
    }

    /// A code that is worth this token, as the browser brings it back.
    pub fn grant(&self, asked: &Asked, token: String) -> String {
        let code = uuid::Uuid::new_v4().simple().to_string();
        self.inside.lock().unwrap().codes.insert(code.clone(), (asked.0["code_challenge"].clone(), token));
        format!("code={code}&state={}", asked.0["state"])
    }

    /// What a browser brings back whom it knows as this subject.
    pub fn vouch(&self, asked: &Asked, subject: &str) -> String {
        self.grant(asked, self.signed(&self.claims(asked, subject)))
    }
}

async fn tell(State(lab): State<Lab>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", lab.issuer);
    let mut told = json!({
        "issuer": lab.issuer, "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"), "jwks_uri": at("/keys"),
    });
    let mut inside = lab.inside.lock().unwrap();
    inside.n_asked += 1;
    for (name, lie) in inside.lies.as_object().into_iter().flatten() {
        told[name] = lie.clone();
    }
    Json(told)
}

async fn tell_keys(State(lab): State<Lab>) -> Json<Value> {
    let inside = lab.inside.lock().unwrap();
    let keys = inside.keys.iter().map(|(kid, key)| key.public(kid));
    let unknown = json!({ "kty": "AKP", "alg": "ML-DSA-44", "pub": "x", "kid": "of a kind to come" });
    Json(json!({ "keys": keys.chain([unknown]).collect::<Vec<_>>() }))
}

/// Each code once, to who has the client's secret and the verifier.
async fn exchange(
    State(lab): State<Lab>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Json<Value>, StatusCode> {
    let expected = format!(
        "Basic {}",
        STANDARD.encode(format!("holdout:{}", CLIENT_SECRET.replace(' ', "%20").replace(',', "%2C")))
    );
    if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(&expected) {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let (challenge, token) =
        lab.inside.lock().unwrap().codes.remove(&form["code"]).ok_or(StatusCode::BAD_REQUEST)?;
    let proved = URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    let is_right = proved == challenge && form["grant_type"] == "authorization_code";
    if is_right {
        Ok(Json(json!({ "id_token": token, "access_token": "x", "token_type": "Bearer" })))
    } else {
        Err(StatusCode::BAD_REQUEST)
    }
}

pub async fn world_with(pool: PgPool, lab: &Lab) -> World {
    let providers = vec![lab.provider("lab")];
    World::configured(pool, |config| Config { providers, ..config }).await
}

/// Leads a browser to the provider; what that is asked.
pub async fn leave(lab: &Lab, browser: &Client, next: &str) -> Asked {
    let answer = browser.get(&format!("/sign-in/with/lab?next={next}")).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    read(lab, answer.location())
}

pub fn read(lab: &Lab, location: &str) -> Asked {
    let query =
        location.strip_prefix(&format!("{}/authorize?", lab.issuer)).expect("it leads to the provider");
    let fields: HashMap<String, String> = serde_urlencoded::from_str(query).unwrap();
    assert_eq!(
        (fields["response_type"].as_str(), fields["code_challenge_method"].as_str()),
        ("code", "S256")
    );
    Asked(fields)
}

pub async fn come_back(browser: &Client, query: &str) -> Answer {
    browser.get(&format!("/sign-in/with/lab/return?{query}")).await
}

pub async fn is_signed_in(browser: &Client) -> bool {
    browser.get("/settings").await.status == 200
}

/// Signs somebody in there; who it is here.
pub async fn signed_in(world: &World, lab: &Lab, subject: &str) -> (Client, String) {
    let browser = world.visitor();
    let asked = leave(lab, &browser, "%2Fsettings").await;
    let answer = come_back(&browser, &lab.vouch(&asked, subject)).await;
    assert_eq!((answer.status, answer.location()), (303, "/settings"), "{}", answer.text());
    let me = browser.get("/api/v1/me").await.expect(200).json();
    (browser, me["username"].as_str().unwrap().to_owned())
}

/// Gives the password and asks for a link; what the provider is asked then.
pub async fn link(lab: &Lab, browser: &Client) -> Asked {
    let page = browser.post_form("/settings/identities/lab/link", &[("password", PASSWORD)]).await;
    let page = page.expect(200).text();
    let address =
        page.split("<a class=\"button primary\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    read(lab, &address.replace("&#38;", "&").replace("&amp;", "&"))
}

pub async fn registered(world: &World, name: &str) -> Client {
    let browser = world.visitor();
    let email = format!("{name}@people.test");
    let form = [("username", name), ("email", email.as_str()), ("password", PASSWORD)];
    browser.post_form("/register", &form).await.expect(303);
    browser
}
