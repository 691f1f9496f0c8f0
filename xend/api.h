/* The handlers that route.c lists. Each answers one row of API.md; none blocks. */
#ifndef XEND_API_H
#define XEND_API_H

#include "xend/queue.h"
#include "xend/route.h"

handler_fn api_version, api_config, api_host, api_host_dmesg, api_host_dmesg_clear;
handler_fn api_domains_list, api_domains_create, api_domain_get;
handler_fn api_domain_pause, api_domain_unpause, api_domain_shutdown, api_domain_destroy;
handler_fn api_domain_reset, api_domain_rename, api_domain_memory, api_domain_maxmem;
handler_fn api_domain_vcpu_set, api_domain_pin, api_domain_sysrq, api_domain_trigger;
handler_fn api_domain_start, api_domain_delete, api_domain_suspend, api_domain_resume;
handler_fn api_domain_config, api_domain_configure, api_domain_clone, api_domain_keep;
handler_fn api_domain_save, api_restore, api_domain_migrate, api_receive, api_job_stream;
handler_fn api_autostart, api_autostart_plan, api_domain_autostart;
handler_fn api_domain_dump, api_domain_vcpus, api_vcpus, api_sched, api_domain_sched;
handler_fn api_cpupools, api_cpupool_new, api_cpupool_destroy, api_cpupool_cpu_add;
handler_fn api_cpupool_define, api_cpupool_start, api_cpupool_delete;
handler_fn api_cpupool_cpu_remove, api_domain_cpupool, api_debug_keys;
handler_fn api_domain_devices, api_domain_attach, api_domain_detach, api_domain_media;
handler_fn api_networks, api_network_new, api_network_start, api_network_stop;
handler_fn api_network_delete, api_network_autostart, api_leases;
handler_fn api_interfaces, api_iface_bridge, api_iface_unbridge;
handler_fn api_pci, api_pci_assign, api_pci_release, api_usb, api_network_edit,
    api_domain_vncpasswd;
handler_fn api_domain_console;
handler_fn api_jobs_list, api_job_get, api_job_cancel;
handler_fn api_events, api_domain_history, api_log;

/* Answers with a job: waits for its end as ?wait= says, then 200 or the job's error, else 202. */
void reply_job(struct xend *x, struct request *r, struct reply *p, uint64_t id);

/* Queues an action on the domain of the path, once, and answers with its job. */
void act_take(struct xend *x, struct request *r, struct reply *p, const struct task_kind *kind,
              int64_t arg, struct value *arg_value_take);
/* Queues a change to the host itself; r->job is it. */
void host_enqueue_take(struct xend *x, struct request *r, const struct task_kind *kind,
                       struct value *arg_value_take);
/* Every fault of a spec, as an error reply. */
void reply_problems(struct reply *p, const struct problems *faults);

/* "uid 0": who asks, for job records. */
void request_by(const struct request *r, char *out, size_t size);

#define WAIT_MAX_S 60
#define AUTOSTART_GAP_MAX_MS 3600000 /* an hour: nobody waits longer for the next domain */

#endif
