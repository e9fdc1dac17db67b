-- Notebooks that were shared before the search knew their text: it is read once, without anybody opening them.

alter table notebook_words add column is_read boolean not null default false;
update notebook_words set is_read = true where sources <> '';
create index notebook_words_unread on notebook_words (notebook_id) where not is_read;
