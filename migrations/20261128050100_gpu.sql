-- What a scorer computes with beside its processor, for the administrator and for the queue.

alter table scorers add column gpu text check (gpu <> '');
