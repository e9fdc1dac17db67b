-- What administrators tell everybody about the site: what it stores, who runs it, on what terms. Every text that stood there stays.

create table site_texts (
    kind text not null check (kind in ('privacy', 'imprint', 'terms')),
    number integer not null check (number >= 1),
    markdown text not null check (length(markdown) <= 50000), -- empty: withdrawn
    html text not null,
    written_at timestamptz not null,
    primary key (kind, number)
);
grant select, insert on site_texts to holdout_web;

-- Who accepted which text of the terms, and when.
create table terms_acceptances (
    user_id bigint not null references users on delete cascade,
    number integer not null,
    accepted_at timestamptz not null,
    kind text not null default 'terms' check (kind = 'terms'),
    primary key (user_id, number),
    foreign key (kind, number) references site_texts
);
grant select, insert on terms_acceptances to holdout_web;
