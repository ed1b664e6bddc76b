package dev.tidemill.backup;

import dev.tidemill.backup.Catalogue.Archive;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.batch.core.BatchStatus;
import org.springframework.batch.core.ExitStatus;
import org.springframework.batch.core.listener.StepExecutionListener;
import org.springframework.batch.core.step.StepExecution;
import org.springframework.batch.infrastructure.item.Chunk;
import org.springframework.batch.infrastructure.item.ItemWriter;

/// Looks at every part of a backup as it lies in the target, and fails the step at its end when one is not what was
/// written: all damage is told at once. A resumed run looks at all of them again.
class CheckedParts implements ItemWriter<CheckedParts.Seen>, StepExecutionListener {

    private static final Logger log = LoggerFactory.getLogger(CheckedParts.class);
    private static final int TOLD = 20;

    private final Catalogue catalogue;
    private final BackupRows rows;
    private final String backup;
    private final boolean whole;
    private final List<String> damage = Collections.synchronizedList(new ArrayList<>());

    /// Of one backup.
    ///
    /// @param whole every byte; otherwise the sizes only
    CheckedParts(Catalogue catalogue, BackupRows rows, String backup, boolean whole) {
        this.catalogue = catalogue;
        this.rows = rows;
        this.backup = backup;
        this.whole = whole;
    }

    /// A part with what is wrong with it, null for nothing.
    record Seen(String part, @Nullable String problem) {}

    AheadReader<Manifest.Part, Seen> reader(int threads) {
        Archive archive = catalogue.open(backup);
        return new AheadReader<>("check", () -> archive.manifest().parts(), part -> look(archive, part), threads);
    }

    private Seen look(Archive archive, Manifest.Part part) throws IOException {
        if (whole) {
            return new Seen(part.name(), archive.check(part));
        }
        Map<String, Long> sizes = archive.target().list(archive.path(part)).stream()
                .collect(Collectors.toMap(Target.Entry::name, Target.Entry::size));
        Long size = sizes.get(archive.path(part));
        return new Seen(
                part.name(),
                size == null
                        ? part.name() + ": missing"
                        : size == part.bytes()
                                ? null
                                : part.name() + ": size invalid, " + size + " bytes instead of " + part.bytes());
    }

    @Override
    public void write(Chunk<? extends Seen> chunk) {
        for (Seen seen : chunk) {
            if (seen.problem() != null) {
                damage.add(seen.problem());
            }
        }
    }

    @Override
    public @Nullable ExitStatus afterStep(StepExecution step) {
        if (damage.isEmpty() || step.getStatus() != BatchStatus.COMPLETED) {
            return null;
        }
        String told = String.join("; ", damage.subList(0, Math.min(TOLD, damage.size())))
                + (damage.size() > TOLD ? "; and " + (damage.size() - TOLD) + " more" : "");
        BackupDamaged failure =
                new BackupDamaged("backup " + backup + " is damaged, " + damage.size() + " of its parts: " + told
                        + ". Nothing was restored from it; use another one (./tidemill backup list)");
        step.addFailureException(failure);
        step.setStatus(BatchStatus.FAILED);
        note(told);
        return ExitStatus.FAILED;
    }

    private void note(String told) {
        try {
            Archive archive = catalogue.open(backup);
            catalogue.mark(archive, catalogue.marks(archive).damaged(told, Instant.now()));
            rows.level(backup, 0);
        } catch (UncheckedIOException e) {
            // The run fails with the damage either way.
            log.warn("backup {} could not be marked as damaged: {}", backup, e.getMessage());
        }
    }
}
