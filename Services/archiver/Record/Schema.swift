internal import PostgresStore

/// The record, schema `archive`. Numbered for ever: a released migration is never edited, a new one is added.
enum ArchiveSchema {
    static let name = "archive"

    static let migrations = [
        Migration(1, "ledger and frames", ledger),
        Migration(2, "detections, fields and fluxes", measurements),
        Migration(3, "targets, ensembles and light curves", lightCurves),
        Migration(4, "nights, dead letters, heartbeats", operations),
        Migration(5, "inbox and outbox", Inbox.tableSQL(schema: name) + Outbox.tableSQL(schema: name)),
        Migration(6, "requests by frame, frames of a closed night", additions),
        Migration(7, "master fringes, and masters of any kind", fringes),
        Migration(8, "frames asked for again by the closing of a night", remeasuring),
        Migration(9, "which frame store the record belongs to", frameStores),
        Migration(10, "zero points", ZeroPointTables.sql),
        Migration(11, "objects and their measurements", ObjectSchema.tables),
        Migration(12, "errors of levels, apart", ObjectSchema.levelErrors),
        Migration(13, "comparison sequences and their check stars", SequenceSchema.tables),
        Migration(14, "when each version of a point was recorded", recording),
        Migration(15, "errors of levels of single measurements", ObjectSchema.measuredLevels),
        Migration(16, "statistics of objects, once a night", ObjectSchema.settledStatistics),
    ]

    /// Every frame ends in exactly one fate; while it has none it is pending.
    private static let ledger = """
        create table archive.frame (
            frame_id text primary key check (frame_id ~ '^[0-9a-f]{32}$'),
            instrument text not null,
            night text check (night ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$'),
            original_name text not null,
            kind text check (kind in ('bias', 'dark', 'flat', 'light')),
            midpoint_mjd_utc float8,
            received jsonb,
            arrived_at timestamptz not null default now(),
            stage text not null default 'received' check (stage in ('received', 'calibrated', 'measured', 'ended')),
            stage_since timestamptz not null default now(),
            announcements int not null default 0 check (announcements >= 0),
            fate text check (fate in ('measured', 'calibration', 'rejected', 'deadLettered')),
            reason_code text,
            reason text,
            ended_by text,
            constraint reason_with_failure_only check (
                (fate in ('rejected', 'deadLettered')) is true = (reason is not null)),
            constraint light_is_measured check (fate is distinct from 'measured' or kind = 'light'),
            constraint master_frame_is_calibration check (fate is distinct from 'calibration' or kind <> 'light'),
            constraint received_has_facts check (received is null or (night is not null and kind is not null))
        );
        create index frame_pending on archive.frame (stage_since) where fate is null;
        create index frame_night on archive.frame (instrument, night);
        create table archive.duplicate (
            duplicate_id text primary key,
            frame_id text not null,
            original_name text not null,
            instrument text not null,
            reason text not null
        );
        create table archive.master (
            master_id text primary key,
            instrument text not null,
            night text not null,
            kind text not null check (kind in ('bias', 'dark', 'flat')),
            built jsonb not null
        );
        create table archive.master_input (
            frame_id text not null,
            master_id text not null references archive.master,
            primary key (frame_id, master_id)
        );
        """

    /// Versions of a frame's measurement: a new recipe adds one and never overwrites.
    private static let measurements = """
        create table archive.frame_version (
            frame_id text not null,
            recipe text not null,
            calibrated_recipe text not null,
            master_rank int not null check (master_rank >= 0),
            field text not null,
            instrument text not null,
            night text not null,
            filter text not null,
            midpoint_mjd_utc float8 not null,
            fwhm_px float8 check (fwhm_px > 0),
            detection_count int not null check (detection_count >= 0),
            measured jsonb not null,
            chosen int not null default 0 check (chosen >= 0),
            primary key (frame_id, recipe)
        );
        create index frame_version_field on archive.frame_version (field, night);
        create table archive.detection (
            frame_id text not null,
            recipe text not null,
            number int not null check (number >= 0),
            x float8 not null,
            y float8 not null,
            ra_deg float8 check (ra_deg >= 0 and ra_deg < 360),
            dec_deg float8 check (dec_deg between -90 and 90),
            flux_aperture float8 not null,
            flux_aperture_err float8 not null check (flux_aperture_err >= 0),
            fwhm_px float8,
            peak float8,
            flags int8 not null check (flags >= 0),
            primary key (frame_id, recipe, number),
            foreign key (frame_id, recipe) references archive.frame_version
        );
        create table archive.field (
            field text primary key,
            reference_frame_id text not null,
            reference_recipe text not null
        );
        create table archive.registration (
            frame_id text not null,
            recipe text not null,
            reference_frame_id text not null,
            reference_recipe text not null,
            coefficients float8[],
            rms_px float8,
            matched int not null check (matched >= 0),
            primary key (frame_id, recipe, reference_frame_id, reference_recipe),
            constraint all_or_nothing check ((coefficients is null) = (rms_px is null))
        );
        create table archive.request (
            request_id text primary key,
            frame_id text not null,
            recipe text not null,
            target text not null,
            target_revision int not null,
            requested jsonb not null,
            announced_at timestamptz not null default now(),
            announcements int not null default 1,
            answered boolean not null default false
        );
        create index request_open on archive.request (announced_at) where not answered;
        create table archive.star_flux (
            frame_id text not null,
            recipe text not null,
            target text not null,
            target_revision int not null,
            star text not null,
            x float8,
            y float8,
            flux_electrons float8,
            flux_error_electrons float8 check (flux_error_electrons >= 0),
            flags int8 not null check (flags >= 0),
            forced boolean not null,
            request_id text references archive.request,
            primary key (frame_id, recipe, target, target_revision, star),
            constraint flux_with_error check ((flux_electrons is null) = (flux_error_electrons is null))
        );
        """

    /// Points have versions; the highest is current.
    private static let lightCurves = """
        create table archive.target (
            target text primary key,
            revision int not null check (revision >= 1),
            document jsonb not null,
            ra_deg float8 check (ra_deg >= 0 and ra_deg < 360),
            dec_deg float8 check (dec_deg between -90 and 90),
            removed boolean not null default false,
            placed_revision int not null default 0
        );
        create table archive.ensemble (
            ensemble_id text primary key,
            target text not null,
            field text not null,
            instrument text not null,
            night text not null,
            filter text not null,
            provisional boolean not null,
            solution jsonb not null
        );
        create table archive.point (
            target text not null,
            point_id text not null,
            version int not null check (version >= 1),
            measurement_id text not null unique,
            provisional boolean not null,
            withdrawn boolean not null default false,
            source text not null,
            instrument text not null,
            field text not null,
            night text,
            filter text not null,
            mag_system text not null,
            mid_mjd_utc float8 not null,
            mid_bjd_tdb float8,
            mag float8,
            mag_err float8 check (mag_err >= 0),
            limit_mag float8,
            limit_sigma float8 check (limit_sigma > 0),
            flux_njy float8,
            flux_njy_err float8 check (flux_njy_err >= 0),
            airmass float8 check (airmass >= 0.9),
            fwhm_px float8,
            flags int8 not null check (flags >= 0),
            ensemble_id text references archive.ensemble,
            payload jsonb not null,
            primary key (target, point_id, version),
            constraint magnitude_or_limit check (num_nonnulls(mag, limit_mag) <= case when withdrawn then 0 else 1 end),
            constraint nothing_without_reason check (num_nonnulls(mag, limit_mag) = 1 or withdrawn or flags <> 0),
            constraint limit_has_sigma check (limit_mag is null or limit_sigma is not null or source <> 'nightjar')
        );
        create index point_time on archive.point (target, filter, mid_mjd_utc);
        create view archive.light_curve as
            select distinct on (target, point_id) * from archive.point order by target, point_id, version desc;
        """

    /// Nil for versions from before it was noted.
    private static let recording = """
        alter table archive.point add column recorded_at timestamptz;
        alter table archive.point alter column recorded_at set default now();
        """

    private static let additions = """
        create index request_frame on archive.request (frame_id, recipe);
        alter table archive.night add column frames int check (frames >= 0);
        """

    private static let fringes = """
        alter table archive.frame drop constraint frame_kind_check;
        alter table archive.frame add constraint frame_kind_check
            check (kind in ('bias', 'dark', 'flat', 'light', 'fringe'));
        alter table archive.master drop constraint master_kind_check;
        """

    /// How many versions of a frame there were when the calibrator named its night's final recipes, and for which
    /// closing of the night the frame was last asked for again.
    private static let remeasuring = """
        alter table archive.frame add column versions_when_recalibrated int,
            add column remeasured_revision int not null default 0;
        """

    /// The last one accepted is the present one.
    private static let frameStores = """
        create table archive.frame_store (
            number int primary key generated always as identity,
            store text not null,
            accepted_at timestamptz not null default now()
        );
        """

    private static let operations = """
        create table archive.night (
            instrument text not null,
            night text not null,
            state text not null check (state in ('requested', 'recalibrating', 'measuring', 'forcing', 'closed')),
            revision int not null check (revision >= 1),
            requested_at timestamptz not null default now(),
            announced_at timestamptz,
            recipes jsonb,
            primary key (instrument, night),
            constraint recipes_when_known check ((state in ('measuring', 'forcing', 'closed')) = (recipes is not null))
        );
        create table archive.dead_letter (
            event_id text primary key,
            service text not null,
            topic text not null,
            frame_id text,
            error text not null,
            attempts int not null check (attempts >= 1),
            letter jsonb not null,
            arrived_at timestamptz not null default now(),
            replays int not null default 0
        );
        create table archive.heartbeat (
            instance text primary key,
            service text not null,
            beat jsonb not null,
            arrived_at timestamptz not null default now()
        );
        """
}
