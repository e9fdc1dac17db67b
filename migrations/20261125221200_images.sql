-- Images in texts: drawn anew when they are uploaded, seen by who may see a text that shows them.

create table images (
    id uuid primary key default gen_random_uuid(),
    owner_id bigint not null references users on delete cascade,
    storage_key text not null unique,
    content_type text not null check (content_type in ('image/png', 'image/jpeg')),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    size_bytes bigint not null check (size_bytes > 0),
    uploaded_at timestamptz not null,
    is_used boolean not null default false -- a text showed it
);
create index images_by_owner on images (owner_id, uploaded_at desc);
create index images_unused on images (uploaded_at) where not is_used;

create table image_uses (
    image_id uuid not null references images on delete cascade,
    subject_id bigint not null references subjects on delete cascade,
    primary key (image_id, subject_id)
);
create index image_uses_by_subject on image_uses (subject_id);

grant select, insert, update, delete on images, image_uses to holdout_web;
