-- Whether every row that counts is public: then the public rows decide at the end as well, and people are told so.

alter table scoring_versions
    add column all_public boolean generated always as ((report #>> '{profile,n_private}') = '0') stored;
