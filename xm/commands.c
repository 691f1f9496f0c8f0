/*
 * The table of commands, in the order of `xm help`. A new command is a row here, its function and
 * its options; help, lookup, argument counts and completion follow from the row.
 */
#include "xm/xm.h"

const struct command commands[] = {
    {"console", "[options] <Domain>", "Attach to a domain's console; ^] leaves it.",
     console_options, cmd_console, 1, 1, true},
    {"create", "<ConfigFile> [options] [vars]", "Create and start a domain from a file.",
     create_options, cmd_create, 0, -1, true},
    {"destroy", "<Domain>", "Terminate a domain immediately.", NULL, cmd_destroy, 1, 1, true},
    {"domid", "<DomainName>", "Convert a domain name to its id.", json_options, cmd_domid, 1, 1,
     false},
    {"domname", "<DomId>", "Convert a domain id to its name.", json_options, cmd_domname, 1, 1,
     false},
    {"domstate", "<Domain>", "Tell the state of a domain.", json_options, cmd_domstate, 1, 1,
     false},
    {"events", "[options] [Domain]", "Tell what happened to domains, or what happens.",
     events_options, cmd_events, 0, 1, false},
    {"help", "[--long] [command]", "Tell of all commands, or of one.", help_options, cmd_help, 0, 1,
     true},
    {"job-cancel", "<JobId>", "Cancel a job of xend.", NULL, cmd_job_cancel, 1, 1, false},
    {"job-wait", "<JobId>", "Wait for the end of a job.", json_options, cmd_job_wait, 1, 1, false},
    {"jobs", "[options]", "List what xend does and did lately.", json_options, cmd_jobs, 0, 0,
     false},
    {"list", "[options] [Domain, ...]", "List all domains, or some of them.", list_options,
     cmd_list, 0, -1, true},
    {"pause", "<Domain>", "Stop a domain's vcpus; its memory stays.", NULL, cmd_pause, 1, 1, true},
    {"reboot", "<Domain> [-wa]", "Ask a domain to reboot.", reboot_options, cmd_reboot, 0, -1,
     true},
    {"shutdown", "<Domain> [-waRH]", "Ask a domain to shut down.", shutdown_options, cmd_shutdown,
     0, -1, true},
    {"top", "[options]", "Watch what domains use of the host.", top_options, cmd_top, 0, 0, true},
    {"unpause", "<Domain>", "Let a paused domain run on.", NULL, cmd_unpause, 1, 1, true},
    {"uptime", "[-s] [Domain, ...]", "Tell how long domains have been running.", uptime_options,
     cmd_uptime, 0, -1, true},
    {"info", "[options]", "Tell about the host.", json_options, cmd_info, 0, 0, false},
    {"log", "[options] [Domain]", "Print the log of xend.", log_options, cmd_log, 0, 1, false},
    {"serve", "", "Pass stdin and stdout on to xend, for ssh.", NULL, cmd_serve, 0, 0, false},
    {"version", "[options]", "Tell the versions of xm and of xend.", json_options, cmd_version, 0,
     0, false},
    {0},
};
