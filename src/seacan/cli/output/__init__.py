"""What commands print.

In reading order: units (sizes, ages), table (columns), ports, container_fields, image_fields,
stats_fields and rows (lists), disk_usage, pruned, stream (archives), template (`--format`),
progress (a pull or load as it runs), meter.
"""
