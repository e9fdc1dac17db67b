//! Everything that names a file, a statement a kind: each page is found by an index on the key, and goes on behind it.

use sqlx::PgConnection;

use super::Row;

macro_rules! page {
    ($conn:expr, $after:expr, $limit:expr, $statement:literal) => {
        sqlx::query_as!(Row, $statement, $after, $limit).fetch_all($conn).await
    };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Submission,
    Check,
    DataFile,
    Solution,
    LabelledTable,
    ReleasedLabels,
    Influences,
    Covariances,
    NotebookVersion,
    NotebookPage,
    NotebookPictures,
    Run,
    RunFile,
    RunPage,
    Image,
    BundleFile,
}

impl Kind {
    pub(super) const ALL: [Self; 16] = [
        Self::Submission,
        Self::Check,
        Self::DataFile,
        Self::Solution,
        Self::LabelledTable,
        Self::ReleasedLabels,
        Self::Influences,
        Self::Covariances,
        Self::NotebookVersion,
        Self::NotebookPage,
        Self::NotebookPictures,
        Self::Run,
        Self::RunFile,
        Self::RunPage,
        Self::Image,
        Self::BundleFile,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Submission => "submission",
            Self::Check => "check",
            Self::DataFile => "data_file",
            Self::Solution => "solution",
            Self::LabelledTable => "labelled_table",
            Self::ReleasedLabels => "released_labels",
            Self::Influences => "influences",
            Self::Covariances => "covariances",
            Self::NotebookVersion => "notebook_version",
            Self::NotebookPage => "notebook_page",
            Self::NotebookPictures => "notebook_pictures",
            Self::Run => "notebook_run",
            Self::RunFile => "notebook_run_file",
            Self::RunPage => "notebook_run_page",
            Self::Image => "image",
            Self::BundleFile => "bundle_file",
        }
    }

    /// The next rows in the order of their files' keys. Of a notebook that its author deleted no file is left.
    #[expect(clippy::too_many_lines, reason = "a list: one statement a kind")]
    pub(super) async fn page(
        self,
        conn: &mut PgConnection,
        after: &str,
        limit: i64,
    ) -> sqlx::Result<Vec<Row>> {
        match self {
            Self::Submission => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", size_bytes, sha256
                    from submissions
                    where storage_key > $1 and file_gone_at is null
                    order by storage_key
                    limit $2"#
            ),
            Self::Check => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", size_bytes, null::bytea as sha256
                    from file_checks
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::DataFile => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", size_bytes, sha256
                    from data_files
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::Solution => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", sealed_bytes as size_bytes, sealed_sha256 as sha256
                    from solutions
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::LabelledTable => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", sealed_bytes as size_bytes, sealed_sha256 as sha256
                    from labelled_tables
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::ReleasedLabels => page!(
                conn,
                after,
                limit,
                r#"select competition_id::text as "id!", storage_key as "key!", size_bytes, sha256
                    from label_releases
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::Influences => page!(
                conn,
                after,
                limit,
                r#"select submission_id || ' of version ' || version_id || ' ' || split as "id!", storage_key as "key!", null::bigint as size_bytes, sealed_sha256 as sha256
                    from influences
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::Covariances => page!(
                conn,
                after,
                limit,
                r#"select version_id || ' ' || split as "id!", storage_key as "key!", null::bigint as size_bytes, sealed_sha256 as sha256
                    from covariances
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::NotebookVersion => page!(
                conn,
                after,
                limit,
                r#"select v.notebook_id || '/' || v.number as "id!", v.storage_key as "key!", v.size_bytes, v.sha256
                    from notebook_versions v
                    join subjects s on s.id = v.notebook_id and s.deleted_at is null
                    where v.storage_key > $1
                    order by v.storage_key
                    limit $2"#
            ),
            Self::NotebookPage => page!(
                conn,
                after,
                limit,
                r#"select d.notebook_id || '/' || d.number as "id!", d.storage_key as "key!", d.size_bytes, null::bytea as sha256
                    from notebook_drawings d
                    join subjects s on s.id = d.notebook_id and s.deleted_at is null
                    where d.storage_key > $1
                    order by d.storage_key
                    limit $2"#
            ),
            Self::NotebookPictures => page!(
                conn,
                after,
                limit,
                r#"select p.notebook_id::text as "id!", p.storage_key as "key!", null::bigint as size_bytes, null::bytea as sha256
                    from notebook_pictures p
                    join subjects s on s.id = p.notebook_id and s.deleted_at is null
                    where p.storage_key > $1
                    order by p.storage_key
                    limit $2"#
            ),
            Self::Run => page!(
                conn,
                after,
                limit,
                r#"select r.id::text as "id!", r.executed_key as "key!", r.executed_bytes as size_bytes, r.executed_sha256 as sha256
                    from notebook_runs r
                    join subjects s on s.id = r.notebook_id and s.deleted_at is null
                    where r.executed_key > $1
                    order by r.executed_key
                    limit $2"#
            ),
            Self::RunFile => page!(
                conn,
                after,
                limit,
                r#"select f.run_id || '/' || f.place as "id!", f.storage_key as "key!", f.size_bytes, f.sha256
                    from notebook_run_files f
                    join notebook_runs r on r.id = f.run_id
                    join subjects s on s.id = r.notebook_id and s.deleted_at is null
                    where f.storage_key > $1
                    order by f.storage_key
                    limit $2"#
            ),
            Self::RunPage => page!(
                conn,
                after,
                limit,
                r#"select d.run_id::text as "id!", d.storage_key as "key!", d.size_bytes, null::bytea as sha256
                    from notebook_run_drawings d
                    join notebook_runs r on r.id = d.run_id
                    join subjects s on s.id = r.notebook_id and s.deleted_at is null
                    where d.storage_key > $1
                    order by d.storage_key
                    limit $2"#
            ),
            Self::Image => page!(
                conn,
                after,
                limit,
                r#"select id::text as "id!", storage_key as "key!", size_bytes, null::bytea as sha256
                    from images
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
            Self::BundleFile => page!(
                conn,
                after,
                limit,
                r#"select bundle_id || '/' || position as "id!", storage_key as "key!", size_bytes, sha256
                    from bundle_files
                    where storage_key > $1
                    order by storage_key
                    limit $2"#
            ),
        }
    }
}

/// The name by which a dump can share what this transaction sees.
pub(super) async fn export_snapshot(conn: &mut PgConnection) -> sqlx::Result<String> {
    sqlx::query_scalar!("select pg_export_snapshot() as \"name!\"").fetch_one(conn).await
}
