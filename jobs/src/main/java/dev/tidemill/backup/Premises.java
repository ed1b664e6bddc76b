package dev.tidemill.backup;

import dev.tidemill.run.LaunchRequest;
import java.nio.file.Path;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// What the jobs on the whole installation have to know of it.
///
/// @param cluster data folder of the private cluster, null where the database is another one
/// @param operators the workspace whose operators look after the whole installation
public record Premises(LiveDatabase database, @Nullable Path cluster, UUID operators) {

    /// Whether a run of this workspace may see the data of all of them.
    boolean mayOperate(UUID workspace) {
        return workspace.equals(operators) || workspace.equals(LaunchRequest.INSTALLATION);
    }
}
