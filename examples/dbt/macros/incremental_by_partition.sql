{#
  `incremental` with `insert_overwrite`, in place of dbt-athena's own.

  That one deletes a partition's objects and then runs INSERT INTO, so that the partition reads as empty for
  as long as the INSERT takes, and stays so where it fails. Here the new rows are written first (UNLOAD, into
  a folder of this run), and then the partition is pointed at them; a run that dies leaves the old rows, or
  at worst the partition missing. What it had written is read by nobody, and goes with a full refresh.

  It needs neither INSERT nor a CTAS with partitions, so no limit of 100 partitions, and runs on coinlake's
  local Athena, which has neither. As with dbt-athena's own, a partition that the model makes no rows of any
  more keeps those that it has. Models are written as for that one: without this file it runs them.
#}
{% materialization incremental, adapter='athena' %}

  {%- set key = config.require('partitioned_by') | first -%}
  {%- set target_relation = this.incorporate(type='table') -%}
  {%- set existing = load_relation(this) -%}
  {%- set made = make_temp_relation(target_relation) -%}

  {{ run_hooks(pre_hooks) }}

  {#- A run that died may have left it. -#}
  {%- do drop_relation(made) -%}
  {% call statement('main') -%}
    {{ create_table_as(true, made, compiled_code, 'sql', true) }}
  {%- endcall %}

  {%- if existing is not none and (existing.is_view or should_full_refresh()) -%}
    {%- do drop_relation(existing) -%}
    {%- set existing = none -%}
  {%- endif -%}
  {%- if existing is none -%}
    {%- do run_query(partitioned_table(target_relation, made, key)) -%}
  {%- else -%}
    {%- do assert_same_columns(target_relation, made) -%}
  {%- endif -%}
  {%- do replace_partitions(target_relation, made, key) -%}
  {%- do drop_relation(made) -%}

  {{ run_hooks(post_hooks) }}

  {%- do persist_docs(target_relation, model) -%}
  {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}


{#- An empty table with the columns of another one, the last of which is its partition key. -#}
{% macro partitioned_table(relation, made, key) -%}
  {%- set columns = adapter.get_columns_in_relation(made) -%}
  {%- if columns[-1].name != key -%}
    {%- do exceptions.raise_compiler_error('the partition key ' ~ key ~ ' must be the last column') -%}
  {%- endif -%}
  create external table {{ relation.render_hive() }} (
    {%- for column in columns[:-1] %}
    `{{ column.name }}` {{ column.dtype }}{{ ',' if not loop.last }}
    {%- endfor %}
  )
  partitioned by (`{{ key }}` {{ columns[-1].dtype }})
  stored as parquet
  location '{{ adapter.generate_s3_location(relation, target.s3_data_dir, target.s3_data_naming) }}/'
  tblproperties ('classification' = 'parquet')
{%- endmacro %}


{#- `on_schema_change='fail'`, the only one there is here: files of other columns would read as nulls. -#}
{% macro assert_same_columns(relation, made) -%}
  {%- set there, wanted = [], [] -%}
  {%- for column in adapter.get_columns_in_relation(relation) -%}
    {%- do there.append(column.name ~ ' ' ~ column.dtype) -%}
  {%- endfor -%}
  {%- for column in adapter.get_columns_in_relation(made) -%}
    {%- do wanted.append(column.name ~ ' ' ~ column.dtype) -%}
  {%- endfor -%}
  {%- if there != wanted -%}
    {%- do exceptions.raise_compiler_error(
      relation ~ ' has the columns ' ~ there | join(', ') ~ '; the model makes ' ~ wanted | join(', ')
      ~ '. Build it with --full-refresh.'
    ) -%}
  {%- endif -%}
{%- endmacro %}


{#- Put what was made in the place of the partitions that it has rows of. -#}
{% macro replace_partitions(relation, made, key) -%}
  {%- set columns = adapter.get_columns_in_relation(made) -%}
  {%- set names = columns[:-1] | map(attribute='quoted') | join(', ') -%}
  {%- set type = dml_data_type(columns[-1].dtype) -%}
  {%- set location = adapter.get_glue_table_location(relation) | trim('/') -%}
  {%- set found = run_query('select distinct ' ~ adapter.quote(key) ~ ' from ' ~ made ~ ' order by 1') -%}
  {%- for values in found.columns[0].values() | map('string') | batch(25) -%}
    {%- set conditions, places = [], [] -%}
    {%- for value in values -%}
      {%- set place = location ~ '/' ~ key ~ '=' ~ value ~ '/' ~ invocation_id ~ '/' -%}
      {%- call statement('unload') -%}
        unload (
          select {{ names }} from {{ made }}
          where {{ adapter.quote(key) }} = cast('{{ value }}' as {{ type }})
        )
        to '{{ place }}' with (format = 'PARQUET', compression = 'SNAPPY')
      {%- endcall -%}
      {%- do conditions.append(key ~ "='" ~ value ~ "'") -%}
      {%- do places.append("partition (`" ~ key ~ "` = '" ~ value ~ "') location '" ~ place ~ "'") -%}
    {%- endfor -%}
    {%- do adapter.clean_up_partitions(relation, conditions) -%}
    {%- do run_query('alter table ' ~ relation.render_hive() ~ ' add ' ~ places | join(' ')) -%}
  {%- endfor -%}
{%- endmacro %}
