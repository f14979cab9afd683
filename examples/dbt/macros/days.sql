{#- The days to make: those of which the lake has published an hour since they were made here. A day's
    `lake_version` is the sum of its hours' versions, so it rises with every publication. -#}
{% macro days_to_build() -%}
  {%- set versions = ref('int_day_versions') -%}
  {%- if not execute -%}{{ return([]) }}{%- endif -%}
  {%- set asked -%}
    select lake.day, lake.lake_version, lake.hours_published
    from {{ versions }} as lake
    {%- if is_incremental() %}
    left join (
        select day, max(lake_version) as lake_version from {{ this }} group by day
    ) as made on made.day = lake.day
    where made.lake_version is null or made.lake_version <> lake.lake_version
    {%- endif %}
    order by lake.day
  {%- endset -%}
  {%- set days = [] -%}
  {%- for row in run_query(asked).rows -%}
    {%- do days.append({'day': row[0] | string, 'lake_version': row[1], 'hours_published': row[2]}) -%}
  {%- endfor -%}
  {%- do log(this.identifier ~ ': ' ~ days | length ~ ' days to build', info=true) -%}
  {{ return(days) }}
{%- endmacro %}

{#- The condition on the partitions of the lake that hold these days, in literals, which Athena prunes by. -#}
{% macro is_received_for(days) -%}
  {%- set hours = {'own': [], 'before': [], 'after': []} -%}
  {%- for one in days -%}
    {%- set day = modules.datetime.datetime.strptime(one.day, '%Y-%m-%d') -%}
    {%- set away = modules.datetime.timedelta(days=1) -%}
    {%- do hours.own.append("'" ~ one.day ~ "'") -%}
    {%- do hours.before.append("'" ~ (day - away).strftime('%Y-%m-%d') ~ "'") -%}
    {%- do hours.after.append("'" ~ (day + away).strftime('%Y-%m-%d') ~ "'") -%}
  {%- endfor -%}
  {%- if not days -%}
    false
  {%- else -%}
    (
        dt in ({{ hours.own | join(', ') }})
        or (hour = '23' and dt in ({{ hours.before | join(', ') }}))
        or (hour = '00' and dt in ({{ hours.after | join(', ') }}))
    )
  {%- endif -%}
{%- endmacro %}

{#- The days as rows of a query. -#}
{% macro as_rows(days) -%}
  {%- if not days -%}
    select
        date '1970-01-01' as day,
        cast(0 as bigint) as lake_version,
        cast(0 as bigint) as hours_published
    where false
  {%- else -%}
    select day, lake_version, hours_published
    from (
        values
        {%- for one in days %}
            (date '{{ one.day }}', bigint '{{ one.lake_version }}', bigint '{{ one.hours_published }}'){{ ',' if not loop.last }}
        {%- endfor %}
    ) as v (day, lake_version, hours_published)
  {%- endif -%}
{%- endmacro %}
