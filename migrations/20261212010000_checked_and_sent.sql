-- What a file is that was only checked so far: it goes with the file when this is submitted from the check's own page.

alter table file_checks add column description text not null default '';
