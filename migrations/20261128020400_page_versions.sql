-- Every text that a page had since a host first wrote it; and pages among the changes that everybody reads.

create table page_versions (
    competition_id bigint not null references competitions on delete cascade,
    slug text not null,
    number integer not null check (number > 0),
    title text not null check (length(title) between 1 and 60),
    markdown text not null check (length(markdown) <= 200000),
    edited_by bigint references users on delete set null, -- null: proposed by the platform, or the account is gone
    edited_at timestamptz not null,
    primary key (competition_id, slug, number)
);
create index page_versions_by_person on page_versions (edited_by) where edited_by is not null;
grant select, insert on page_versions to holdout_web;

insert into page_versions (competition_id, slug, number, title, markdown, edited_at)
select competition_id, slug, 1, title, markdown, updated_at from pages where not is_proposed;

alter table changes
    drop constraint changes_about_check,
    add constraint changes_about_check check (about in ('timeline', 'data', 'page')),
    drop constraint changes_verb_check,
    add constraint changes_verb_check check (verb in ('moved', 'added', 'replaced', 'removed', 'edited')),
    add constraint changes_edit_pages check ((about = 'page') = (verb = 'edited'));
