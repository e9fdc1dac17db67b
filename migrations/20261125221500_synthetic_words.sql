-- Words for synthetic posts: 8,000 of three syllables, the nth as often as 1/n.

create function synthetic_words(post bigint, n_words integer, seed bigint) returns text
language sql immutable
as $$
    select string_agg(
        syllables[1 + k % 20] || syllables[1 + k / 20 % 20] || syllables[1 + k / 400 % 20], ' ' order by n)
    from (
        select n, floor(exp(
            (hashint8extended(post * 64 + n, seed) & 4503599627370495)::float8 / 4503599627370496 * ln(8000.0::float8)
        ))::integer as k
        from generate_series(1, n_words) n
    ) drawn
    cross join (
        select array['ba', 'cor', 'da', 'fen', 'gu', 'hal', 'ki', 'lor', 'mi', 'nat', 'pe', 'qua', 'ri', 'sol', 'ta',
            'ul', 'vo', 'wen', 'yo', 'zar'] as syllables
    ) s
$$;
