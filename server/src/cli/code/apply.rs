//! The steps of a push, each told when it is done. One that broke off goes on with the next push.

use serde_json::{Map, Value, json};

use crate::cli::host::{Competition, data, judging, rescore, versions};
use crate::cli::table::text;
use crate::cli::{CliError, Outcome, Session};
use crate::files::sha256_of;
use crate::folder::diff::Change;
use crate::folder::lock::{Lock, Sent};
use crate::folder::model::{DATA, Metric, Page};
use crate::folder::read::Folder;
use crate::folder::snapshot::Snapshot;
use crate::web::problems::encode;

/// A folder on its way to a competition.
pub struct Target<'a> {
    pub session: &'a Session,
    pub folder: &'a Folder,
    /// Where the competition is now; a push may change its address.
    pub of: Competition,
}

impl Target<'_> {
    pub fn create(&self) -> Outcome {
        let contents = &self.folder.contents;
        let wish = json!({ "title": contents.title, "slug": contents.slug, "subtitle": contents.subtitle });
        self.session.client.post("/api/v1/competitions", &wish)?;
        self.session.screen.note(&format!("The draft {} has been created.", contents.slug));
        Ok(())
    }

    /// Everything; what scores depend on comes last, after the launch as a new version. Gives what
    /// came of it.
    pub fn apply(
        &mut self,
        changes: &[Change],
        held: &Snapshot,
        reason: Option<&str>,
        is_sure: bool,
    ) -> Outcome<Value> {
        self.set(changes)?;
        let (judged, plain): (Vec<&Change>, Vec<&Change>) =
            changes.iter().partition(|change| change.is_judged());
        for change in plain {
            self.step(change)?;
        }
        let version = match reason {
            Some(_) if held.launched_at.is_some() && !judged.is_empty() => Some(self.begin_version()?),
            _ => None,
        };
        for change in judged {
            self.step(change)?;
        }
        match (version, reason) {
            (Some(number), Some(reason)) => {
                rescore::see_through(self.session, &self.of, number, reason, is_sure)
            }
            _ => Ok(Value::Null),
        }
    }

    /// All settings at once, and first: most of what a server may refuse is among them.
    fn set(&mut self, changes: &[Change]) -> Outcome {
        let all = serde_json::to_value(&self.folder.contents).unwrap_or_default();
        let mut wish = Map::new();
        for change in changes {
            if let Change::Setting { name, .. } = change {
                wish.insert((*name).to_owned(), all[*name].clone());
            }
        }
        if wish.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = wish.keys().cloned().collect();
        let edited = self.session.client.patch(&self.of.api(""), &Value::Object(wish))?;
        self.of.slug = text(&edited, "slug");
        self.session.screen.note(&format!("Set: {}.", names.join(", ")));
        Ok(())
    }

    /// A version of this push alone: nobody else's changes are made to count with it.
    fn begin_version(&self) -> Outcome<i64> {
        let newest = versions::at_hand(self.session, &self.of)?;
        if newest["stage"] == "draft" {
            return Err(CliError::Refused(format!(
                "Version {0} is being put together. Publish it, or discard it: holdout host versions abandon {1} \
                {0}.",
                newest["number"], self.of.slug
            )));
        }
        let begun = self.session.client.post(&self.of.api("/versions"), &json!({}))?;
        begun["number"].as_i64().ok_or_else(|| CliError::Refused("The new version has no number.".to_owned()))
    }

    fn step(&self, change: &Change) -> Outcome {
        let client = &self.session.client;
        match change {
            Change::Create { .. } | Change::Setting { .. } => return Ok(()),
            Change::AddPage(page) | Change::EditPage { after: page, .. } => {
                let text = json!({ "title": page.title, "markdown": page.markdown });
                client.put(&self.page(page), &text)?;
            }
            Change::RemovePage(page) => {
                client.delete(&self.page(page))?;
            }
            Change::OrderPages { after, .. } => {
                client.put(&self.of.api("/pages-order"), &json!({ "slugs": after }))?;
            }
            Change::PutFile { after, .. } => {
                let put = data::Put {
                    name: &after.name,
                    role: &after.role,
                    description: &after.description,
                    note: "",
                    may_replace: true,
                    file: &self.folder.root.join(DATA).join(&after.name),
                };
                put.send(self.session, &self.of)?;
            }
            Change::DescribeFile { name, after, .. } => {
                client.patch(&self.file(name), &json!({ "description": after }))?;
            }
            Change::RemoveFile(file) => {
                client.delete(&self.file(&file.name))?;
            }
            Change::Metric { after, .. } => self.put_metric(after)?,
            Change::Audit { after, .. } => {
                let answer = json!({ "declared": after.declared, "audit_reason": after.reason });
                client.put(&self.of.api("/audit"), &answer)?;
            }
            Change::Solution { file, .. } => self.put_solution(file)?,
        }
        let first = change.to_string().lines().next().unwrap_or_default().to_owned();
        self.session.screen.note(&first);
        Ok(())
    }

    fn page(&self, page: &Page) -> String {
        self.of.api(&format!("/pages/{}", encode(&page.slug)))
    }

    fn file(&self, name: &str) -> String {
        self.of.api(&format!("/data/{}", encode(name)))
    }

    fn put_metric(&self, metric: &Metric) -> Outcome {
        let mut wish = json!({
            "params": metric.params, "context": metric.context, "public_fraction": metric.public_fraction,
        });
        let rest = match &metric.module {
            Some(module) => {
                wish["source"] = json!(module.source);
                wish["file_name"] = json!(module.file_name);
                wish["higher_is_better"] = json!(module.higher_is_better);
                "/metric/module"
            }
            None => {
                wish["metric"] = json!(metric.name);
                "/metric"
            }
        };
        self.session.client.put(&self.of.api(rest), &wish)?;
        Ok(())
    }

    fn put_solution(&self, file: &str) -> Outcome {
        let path = self.folder.root.join(file);
        let file_sha256 = sha256_of(&path)?;
        let stored = judging::put_solution(self.session, &self.of, &path)?;
        let sent = Sent {
            server: self.session.client.server().to_owned(),
            slug: self.of.slug.clone(),
            file_sha256: Some(file_sha256),
            sealed_sha256: text(&stored, "sealed_sha256"),
        };
        Lock::read(&self.folder.root).remember(&self.folder.root, sent)?;
        Ok(())
    }
}
