"""Decisions and state: what containers there are, how they are made, started, ended.

Reading order: engine.py (all parts, wired); container.py (the record and its states), containers.py
(the verbs), creation.py with requests.py (a create request, checked and completed), belongings.py
(what a container has on disk), start.py and bundle.py (record to OCI bundle), sharing.py (what a
container takes from others), user_namespaces.py, network_files.py, shared_memory.py,
image_mounts.py, storage_options.py and project_quotas.py (how much may be written), running.py
(from start to end), states.py, waiting.py (who waits for it), stop.py, ends.py, trash.py (removed
while nobody waits), restart.py (what follows from an end), health.py, on_unhealthy.py and probe.py
(whether it is well), streams.py with attach.py, execs.py; log_options.py, log_receivers.py,
log_plan.py (which log a container keeps), log_files.py and logs.py (reading it), log_clearing.py
(emptying it); pause.py, rename.py, update.py, prune.py, image_prune.py; listing.py with filters.py
and sizes.py; stats.py, top.py; files.py (copied, exported, compared), commit.py (an image of them);
volumes.py (made, filled, removed), volume_points.py, mount_owners.py, copy_up.py, subpaths.py,
volume_mounts.py, volume_filters.py, volume_prune.py, volume_book.py, volume_events.py,
volume_copies.py (cloned, exported); networks.py with default_bridge.py, network_filters.py,
sandboxes.py (what running containers have of them), interface_sysctls.py, resolvers.py (the names
of others); reconcile.py (what a restarted daemon finds), shutdown.py (what one leaves); system.py
(version, info), measures.py and metrics.py (for Prometheus), authorization.py (who is asked),
disk_usage.py; events.py (what happens, told to who listens), event_log.py (kept), event_filters.py
(which); builds.py (images made of Dockerfiles), build_steps.py with start_traces.py (their
commands), build_cache.py, build_cache_rules.py and registry_cache.py.
"""
