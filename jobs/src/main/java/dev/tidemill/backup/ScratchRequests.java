package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Entry;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import java.util.Map;
import java.util.UUID;

/// Checks requests for jobs that restore a backup to scratch.
public final class ScratchRequests {

    private final Premises premises;
    private final BackupRequests requests;

    ScratchRequests(Premises premises, BackupRequests requests) {
        this.premises = premises;
        this.requests = requests;
    }

    /// The request's parameters with the id of the backup and the name of the scratch database.
    ///
    /// @param job whose name the database bears
    public Map<String, String> prepare(UUID asker, Map<String, String> given, String job) {
        Entry entry = requests.entry(asker, given);
        requireRows(entry);
        Map<String, String> parameters = requests.named(entry, given);
        parameters.put(Parameters.DATABASE, BackupRequests.scratchDatabase(job));
        return parameters;
    }

    private static void requireRows(Entry entry) {
        Manifest manifest = entry.manifest();
        if (manifest != null && !(manifest.scope().schema() && manifest.scope().data())) {
            throw new InvalidParameter(
                    Parameters.BACKUP,
                    "backup " + entry.id() + " holds " + manifest.scope().id()
                            + " alone: name a full one, or one of the workspace (./tidemill backup list)");
        }
    }

    /// What the restore to scratch takes.
    public Plan plan(UUID asker, Map<String, String> given, String job) {
        Entry entry = requests.entry(asker, given);
        requireRows(entry);
        return requests.plan(entry, new Draft(premises.database(), BackupRequests.scratchDatabase(job)));
    }

    /// A workspace by id or slug. An id need not be one of the live database: what was deleted there may be in a
    /// backup.
    ///
    /// @param asker whose workspace it is where none is named
    public UUID workspace(UUID asker, String named) {
        if (named.isBlank()) {
            return asker;
        }
        try {
            return UUID.fromString(named);
        } catch (IllegalArgumentException slug) {
            return requests.workspace(named);
        }
    }
}
