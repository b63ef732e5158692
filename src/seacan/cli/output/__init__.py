"""What commands print.

In reading order: units (sizes, ages), table (columns), rows (lists by --format), ports,
container_fields, image_fields, stats_fields, volume_fields (what lists have), image_tree,
disk_usage, pruned, stream and archive (bytes), log_lines, colors, watching, templates (Go's, for
all other formats), progress (a pull or load as it runs), meter (bytes that pass).
"""
