-- Secondary metrics: teams are ranked by the first of several, and a board shows all of them.

-- locks: some versions a competition, of which none has this column yet
alter table scoring_versions
    -- [holdout_contract::ranks::ShownMetric], the one that ranks first; the score's direction is its own.
    add column shown_metrics jsonb
        constraint scoring_versions_shown_metrics check (
            case jsonb_typeof(shown_metrics) when 'array' then jsonb_array_length(shown_metrics) > 1
                else shown_metrics is null end),
    add constraint scoring_versions_shown_has_metrics
        check ((metric is not distinct from 'with_secondary') = (shown_metrics is not null));

-- As before; nor may a board be a Ladder whose files have further scores, which tell what a Ladder holds back.
create or replace function ladder_stands() returns trigger
language plpgsql security definer set search_path = public, pg_temp
as $$
begin
    if tg_op = 'UPDATE' and old.launched_at is not null and new.ladder <> old.ladder then
        raise exception 'whether the board is a ladder is fixed since the launch';
    end if;
    -- Whoever launches past the web server, such as made-up competitions, has an ordinary board.
    if new.launched_at is not null and new.ladder = 'auto' then
        new.ladder := 'off';
    end if;
    if new.launched_at is not null and new.ladder = 'on' and exists (
        select from scoring_versions v
        where v.id = new.active_version_id
          and (v.ranked_parts is not null
               or v.shown_metrics is not null
               or (v.custom_metric_id is not null
                   and not coalesce(v.report -> 'findings' @> '[{"check": "metric_chance", "verdict": "PASS"}]', false)))
    ) then
        raise exception 'of this metric no row''s influence is known, or a file has further scores, and its board can be no ladder';
    end if;
    return new;
end
$$;
