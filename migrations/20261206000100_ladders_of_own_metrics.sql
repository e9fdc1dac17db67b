-- A board that is judged by a metric that its host wrote may be a Ladder, where the examination found that the metric
-- tells what is chance.

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
               or (v.custom_metric_id is not null
                   and not coalesce(v.report -> 'findings' @> '[{"check": "metric_chance", "verdict": "PASS"}]', false)))
    ) then
        raise exception 'of this metric no row''s influence is known, and its board can be no ladder';
    end if;
    return new;
end
$$;
