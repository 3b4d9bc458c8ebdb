/// The objects of the sky in the record: what they are, and what was measured of them.
///
/// Measurements are written once and never changed. What is believed of a frame is a row of `object_frame`: from
/// `valid_from` until `valid_until` its measurements were the ones that counted.
enum ObjectSchema {
    static let tables = """
        create table archive.object (
            object_id int8 primary key check (object_id >= 0),
            ra_deg float8 not null check (ra_deg >= 0 and ra_deg < 360),
            dec_deg float8 not null check (dec_deg between -90 and 90),
            east_east_arcsec2 float8 not null check (east_east_arcsec2 > 0),
            east_north_arcsec2 float8 not null,
            north_north_arcsec2 float8 not null check (north_north_arcsec2 > 0),
            epoch_year float8 not null,
            pm_ra_mas_yr float8,
            pm_dec_mas_yr float8,
            pm_err_mas_yr float8,
            parallax_mas float8,
            catalogue text,
            catalogue_id int8,
            wanders boolean not null default false,
            born_frame_id text not null,
            merged_into int8 references archive.object,
            constraint motion_whole check ((pm_ra_mas_yr is null) = (pm_dec_mas_yr is null)),
            constraint catalogue_whole check ((catalogue is null) = (catalogue_id is null))
        ) with (fillfactor = 90);
        create unique index object_catalogue on archive.object (catalogue, catalogue_id) where catalogue is not null;
        create index object_wanders on archive.object (object_id) where wanders;
        create index object_born on archive.object (born_frame_id);
        create table archive.object_series (
            series int primary key generated always as identity,
            instrument text not null,
            filter text not null,
            mag_system text not null,
            unique (instrument, filter, mag_system)
        );
        create table archive.object_frame (
            version int primary key generated always as identity,
            frame_id text not null,
            recipe text not null,
            association int not null check (association >= 0),
            series int not null references archive.object_series,
            midpoint_mjd_utc float8 not null,
            zero_point_mag float8,
            zero_point_err_mag float8,
            detections int not null,
            born int not null,
            duplicates int not null,
            valid_from timestamptz not null,
            valid_until timestamptz check (valid_until >= valid_from),
            unique (frame_id, recipe, association),
            foreign key (frame_id, recipe) references archive.frame_version
        );
        create unique index object_frame_valid on archive.object_frame (frame_id) where valid_until is null;
        create table archive.object_measurement (
            object_id int8 not null,
            midpoint_mjd_utc float8 not null,
            flux float8 not null,
            flux_err float8 not null,
            mag float8,
            mag_err float8,
            series int not null,
            version int not null,
            number int not null,
            flags int not null,
            association_flags int not null,
            position_err_arcsec real not null,
            chi_squared real not null,
            counts boolean not null,
            primary key (object_id, series, midpoint_mjd_utc, version)
        );
        create index object_measurement_version on archive.object_measurement (version);
        create table archive.object_statistics (
            object_id int8 not null,
            series int not null,
            points int8 not null,
            total_weight float8 not null,
            weighted_mean float8 not null,
            chi_squared float8 not null,
            mean float8 not null,
            second_moment float8 not null,
            third_moment float8 not null,
            squared_steps float8 not null,
            last_mjd_utc float8 not null,
            last_mag float8 not null,
            last_mag_err float8 not null,
            primary key (object_id, series)
        ) with (fillfactor = 70);
        create view archive.object_light_curve as
            select m.*, f.frame_id, f.recipe, f.association, f.zero_point_mag, f.zero_point_err_mag,
                f.valid_from, f.valid_until, s.instrument, s.filter, s.mag_system
            from archive.object_measurement m
            join archive.object_frame f using (version) join archive.object_series s on s.series = m.series;
        """

    /// `mag_err` is a point's own error from then on, `level_err` and `level_err_mag` what the points of a light curve
    /// have in common; `first_level` is what provisional points of a night keep.
    static let levelErrors = """
        alter table archive.object_frame add column level_err_mag float8 check (level_err_mag >= 0);
        create or replace view archive.object_light_curve as
            select m.*, f.frame_id, f.recipe, f.association, f.zero_point_mag, f.zero_point_err_mag,
                f.valid_from, f.valid_until, s.instrument, s.filter, s.mag_system, f.level_err_mag
            from archive.object_measurement m
            join archive.object_frame f using (version) join archive.object_series s on s.series = m.series;
        alter table archive.point add column level_err float8 check (level_err >= 0);
        create or replace view archive.light_curve as
            select distinct on (target, point_id) * from archive.point order by target, point_id, version desc;
        create table archive.first_level (
            target text not null,
            field text not null,
            instrument text not null,
            night text not null,
            filter text not null,
            level jsonb not null,
            primary key (target, field, instrument, night, filter)
        );
        """

    /// What a star's points have in common depends on whether its colour is known: `level_err_mag` of a measurement;
    /// of those written before it was told, of the frame.
    static let measuredLevels = """
        alter table archive.object_measurement add column level_err_mag real check (level_err_mag >= 0);
        drop view archive.object_light_curve;
        create view archive.object_light_curve as
            select m.object_id, m.midpoint_mjd_utc, m.flux, m.flux_err, m.mag, m.mag_err, m.series, m.version, m.number,
                m.flags, m.association_flags, m.position_err_arcsec, m.chi_squared, m.counts, f.frame_id, f.recipe,
                f.association, f.zero_point_mag, f.zero_point_err_mag, f.valid_from, f.valid_until, s.instrument,
                s.filter, s.mag_system, coalesce(m.level_err_mag, f.level_err_mag) as level_err_mag
            from archive.object_measurement m
            join archive.object_frame f using (version) join archive.object_series s on s.series = m.series;
        """

    /// `in_statistics` says of which frames `object_statistics` is made; light curves of one point have no row there.
    static let settledStatistics = """
        alter table archive.object_frame add column in_statistics boolean not null default false;
        update archive.object_frame set in_statistics = true where valid_until is null;
        create index object_frame_unsettled on archive.object_frame (version)
            where in_statistics <> (valid_until is null);
        delete from archive.object_statistics where points < 2;
        create index object_catalogued on archive.object (object_id) where catalogue is not null and not wanders;
        """
}
