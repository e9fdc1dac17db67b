-- A metric that its host wrote and that the audit could not judge counts with the host's written reason alone: a module
-- that ends its process, is slow or raises would else be launched as if nothing were to be said of it.

update scoring_versions
set audit_reason = 'It was launched before a reason was asked for.'
where activated_at is not null and custom_metric_id is not null and audit_overall = 'NOT_JUDGED' and audit_reason is null;

alter table scoring_versions
    add constraint scoring_versions_unjudged_module_has_reason check (
        activated_at is null or custom_metric_id is null or audit_overall is distinct from 'NOT_JUDGED'
        or audit_reason is not null
    );
