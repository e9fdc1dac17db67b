-- What a competition's board shows while it is open: everybody's names and scores, scores beside pseudonyms, or each team its own row.

alter table competitions
    add column board_shows text not null default 'everybody',
    -- Whether that stays so once the final board stands.
    add column board_stays_veiled boolean not null default false,
    -- Pseudonyms follow from it; drawn with the first veil, and never another.
    add column veil_secret bytea;

-- locks: competitions are few, and all of them have the defaults.
alter table competitions
    add constraint competitions_board_shows check (board_shows in ('everybody', 'names_hidden', 'own_row')),
    add constraint competitions_board_veiled check (
        (board_shows = 'everybody' and not board_stays_veiled) or (board_shows <> 'everybody' and veil_secret is not null)),
    -- A medal and the points of a finish tell its rank.
    add constraint competitions_veiled_no_medals check (launched_at is null or not (board_stays_veiled and counts_for_medals));

grant update (board_shows, board_stays_veiled) on competitions to holdout_web;

-- Whether everybody who sees a competition may see whose score is whose: what stands beside names asks here.
create function is_board_open(competition competitions) returns boolean
language sql immutable
as $$
    select competition.board_shows = 'everybody'
        or (competition.settled_at is not null and not competition.board_stays_veiled)
$$;

-- From the launch on a board can be made to show less, never more, and nothing of it once the final board stands.
create function board_veil_obeys() returns trigger
language plpgsql
as $$
declare
    all_of_them constant text[] := array['everybody', 'names_hidden', 'own_row'];
begin
    if new.board_shows <> 'everybody' and new.veil_secret is null then
        new.veil_secret := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
    end if;
    if tg_op = 'INSERT' then
        return new;
    end if;
    new.veil_secret := coalesce(old.veil_secret, new.veil_secret);
    if old.launched_at is not null and (
        array_position(all_of_them, new.board_shows) < array_position(all_of_them, old.board_shows)
        or (old.board_stays_veiled and not new.board_stays_veiled)
        or (old.settled_at is not null
            and (new.board_shows <> old.board_shows or new.board_stays_veiled <> old.board_stays_veiled))
    ) then
        raise exception 'what participants were promised to be hidden stays hidden'
            using errcode = 'check_violation', constraint = 'competitions_board_veil_stays';
    end if;
    return new;
end
$$;

create trigger competitions_board_veil_obeys
    before insert or update of board_shows, board_stays_veiled, veil_secret on competitions
    for each row execute function board_veil_obeys();
