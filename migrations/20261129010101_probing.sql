-- Signs of probing: files that look made to find out about the rows that they are judged by. For hosts to see.

create table probing_signs (
    submission_id bigint primary key references submissions on delete cascade,
    competition_id bigint not null references competitions on delete cascade,
    n_rows integer not null check (n_rows > 0),
    n_changed integer check (n_changed between 1 and n_rows), -- since the team's file before
    previous_id bigint references submissions on delete set null,
    n_far_out integer check (n_far_out between 1 and n_rows), -- rows outside everything that could be true
    n_ladder integer check (n_ladder between 1 and n_rows), -- rows whose probabilities climb in even steps
    n_blocks integer check (n_blocks between 2 and n_rows), -- that say one thing each
    constraint probing_signs_of_something check (num_nonnulls(n_changed, n_far_out, n_ladder, n_blocks) > 0),
    constraint probing_signs_changed_since check (previous_id is null or n_changed is not null)
);
create index probing_signs_by_competition on probing_signs (competition_id, submission_id desc);
create index probing_signs_by_previous on probing_signs (previous_id) where previous_id is not null;

-- Up to which submission a competition's files were looked at, and when the next look is due.
create table probing_looks (
    competition_id bigint primary key references competitions on delete cascade,
    looked_upto bigint not null default 0,
    due_at timestamptz
);
create index probing_looks_due on probing_looks (due_at) where due_at is not null;

create function want_probing_look() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    insert into probing_looks (competition_id, due_at) values (new.id, now() + interval '10 seconds')
    on conflict (competition_id) do update set due_at = excluded.due_at where probing_looks.due_at is null;
    return null;
end
$$;
create trigger competitions_want_probing_look after update of board_revision on competitions
    for each row when (new.board_revision is distinct from old.board_revision and new.launched_at is not null)
    execute function want_probing_look();

create unique index jobs_one_probing on jobs (competition_id) where kind = 'probing' and state in ('queued', 'leased');

grant select on probing_signs to holdout_web;
grant select, insert on probing_signs to holdout_scorer;
grant select, insert, update on probing_looks to holdout_scorer;
