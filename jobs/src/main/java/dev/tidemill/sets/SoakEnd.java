package dev.tidemill.sets;

import dev.tidemill.run.Audit;
import dev.tidemill.run.Control;
import dev.tidemill.store.SoakedSets;
import dev.tidemill.store.SoakedSets.Soaked;
import dev.tidemill.store.VectorSets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Retires sets when the time in which they can be gone back to is over: until then every ingest writes into them too.
public final class SoakEnd {

    private static final Logger log = LoggerFactory.getLogger(SoakEnd.class);
    private static final String WHY = "the time in which it could be gone back to is over";

    private final Control control;
    private final SoakedSets soaked;
    private final VectorSets sets;
    private final Audit audit;

    /// @param soaked reads in transactions of the platform
    /// @param audit writes on the connections of the sets
    public SoakEnd(Control control, SoakedSets soaked, VectorSets sets, Audit audit) {
        this.control = control;
        this.soaked = soaked;
        this.sets = sets;
        this.audit = audit;
    }

    /// Retires those whose time is over. One that somebody reads, a backup for example, is left for the next time.
    ///
    /// @return the sets that were retired
    public List<Long> look(Instant now) {
        List<Long> retired = new ArrayList<>();
        for (Soaked set : control.call(() -> soaked.at(now))) {
            boolean ended = sets.retireSoaked(
                    set.workspaceId(),
                    set.projectId(),
                    set.id(),
                    now,
                    () -> audit.record(
                            set.workspaceId(),
                            "tidemill",
                            "set.retire",
                            "vector set " + set.id(),
                            Map.of("reason", WHY)));
            if (ended) {
                retired.add(set.id());
                log.info("vector set {} is retired: {}", set.id(), WHY);
            }
        }
        return retired;
    }
}
