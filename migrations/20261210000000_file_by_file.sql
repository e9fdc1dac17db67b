-- What gains nothing where many files are scored together: a metric that is among those, and a metric of parts all of which
-- are, also in their short form (`fbeta@2`).
create function is_file_by_file(metric text, params jsonb, alone text[]) returns boolean
language sql immutable parallel safe
return metric = any (alone)
    or (jsonb_typeof(params -> 'parts') = 'array' and jsonb_array_length(params -> 'parts') > 0
        and not exists (
            select from jsonb_array_elements(params -> 'parts') part
            where not coalesce(split_part(part ->> 'metric', '@', 1) = any (alone), false)));
