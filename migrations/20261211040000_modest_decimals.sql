-- How many decimals a board shows before its noise is known: four, which part neighbours on most scales and tell less of labels
-- than five do. A scorer that looks at a board whose noise cannot be known writes what its scores' scale asks for.

-- locks: the default alone changes, no row is read
alter table competitions alter column score_decimals set default 4;

alter table competitions
    -- Whether worth_decimals follow from the scale of scores alone, as long as their noise is not known.
    add column are_decimals_by_scale boolean not null default false;
grant update (are_decimals_by_scale) on competitions to holdout_scorer;

create or replace function shown_decimals(competition competitions) returns integer
language sql immutable parallel safe
return case when competition.are_decimals_chosen then competition.score_decimals
    else coalesce(competition.worth_decimals, least(competition.score_decimals, 4)) end;
