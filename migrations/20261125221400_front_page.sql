-- The front page shows what is being discussed anywhere.

create index topics_active on topics (active_at desc, id desc);
