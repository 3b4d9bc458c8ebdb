internal import PostgresStore

/// The harvester's own record, schema `harvest`. Numbered for ever: a released migration is never edited.
enum HarvestSchema {
    static let name = "harvest"

    static let migrations = [
        Migration(1, "files and points", tables),
        Migration(2, "outbox", Outbox.tableSQL(schema: name)),
    ]

    /// `file`: one row for each time a file was dropped; `shelved` once it has been moved away. `point`: every point
    /// taken in, `confirmed` once the archive has it.
    private static let tables = """
        create table harvest.file (
            drop_id bigint generated always as identity primary key,
            sha256 text not null check (sha256 ~ '^[0-9a-f]{64}$'),
            place text not null,
            name text not null,
            outcome text not null check (outcome in ('accepted', 'rejected', 'duplicate')),
            report jsonb not null,
            shelved boolean not null default false,
            taken_in_at timestamptz not null default now()
        );
        create index file_sha256 on harvest.file (sha256);
        create table harvest.point (
            target text not null,
            point_id text not null check (point_id ~ '^[0-9a-f]{32}$'),
            identity text not null,
            filter text not null,
            cell int8 not null,
            mid_mjd_utc float8 not null,
            magnitude float8 not null,
            is_limit boolean not null,
            observer text,
            source text not null,
            harvested jsonb not null,
            announcements int not null default 1 check (announcements >= 1),
            announced_at timestamptz not null default now(),
            confirmed boolean not null default false,
            primary key (target, point_id)
        );
        create index point_cell on harvest.point (target, cell);
        create index point_unconfirmed on harvest.point (announced_at) where not confirmed;
        """
}
