-- Closings: that a competition's hosts confirmed its winners, and their words. The winners follow from the final board.

create table closings (
    competition_id bigint primary key references competitions on delete cascade,
    words text not null default '' check (length(words) <= 20000), -- Markdown
    html text not null, -- drawn and sanitised from words when they were saved
    confirmed_by bigint references users on delete set null,
    confirmed_at timestamptz not null,
    changed_at timestamptz not null,
    constraint closings_changed_later check (changed_at >= confirmed_at)
);
create index closings_by_person on closings (confirmed_by);
grant select, insert, update on closings to holdout_web;
