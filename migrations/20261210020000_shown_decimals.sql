-- How many decimals of a public score are shown while a competition is open: what its host chose, or what the noise justifies
-- where that is known.
create function shown_decimals(competition competitions) returns integer
language sql immutable parallel safe
return case when competition.are_decimals_chosen then competition.score_decimals
    else coalesce(competition.worth_decimals, competition.score_decimals) end;
