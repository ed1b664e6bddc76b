package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import dev.tidemill.transfer.ExportParts.LiveSet;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import tools.jackson.databind.json.JsonMapper;

/// Makes one file of the parts, which appears whole under its name, then removes the parts. Killed at any point, it is
/// done again from the beginning, or finds that it is done.
final class SealTasklet implements Tasklet {

    private final ExportParts parts;
    private final InstantSource clock;

    SealTasklet(ExportParts parts, InstantSource clock) {
        this.parts = parts;
        this.clock = clock;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        List<Manifest.Part> done = parts.done(parameters.workspaceId(), parameters.instance());
        Path draft = Path.of(parameters.file() + ".draft-" + parameters.instance());
        try {
            if (!sealed(parameters, done)) {
                try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(draft), 1 << 16)) {
                    if (parameters.lines()) {
                        for (Manifest.Part part : done) {
                            Files.copy(parameters.parts().resolve(part.name()), out);
                        }
                    } else {
                        zip(parameters, done, out);
                    }
                }
                Files.move(
                        draft, parameters.file(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            }
            remove(parameters.parts());
            Progress.message(
                    contribution.getStepExecution().getJobExecution().getExecutionContext(),
                    "wrote " + parameters.file() + ", " + Files.size(parameters.file()) + " bytes");
            return RepeatStatus.FINISHED;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + parameters.file() + ": " + e.getMessage(), e);
        }
    }

    /// Parts are removed only when the file is whole under its name.
    private static boolean sealed(TransferParameters parameters, List<Manifest.Part> done) {
        return Files.exists(parameters.file())
                && done.stream()
                        .anyMatch(part -> Files.notExists(parameters.parts().resolve(part.name())));
    }

    private void zip(TransferParameters parameters, List<Manifest.Part> done, OutputStream out) throws IOException {
        Optional<LiveSet> set = parts.liveSet(parameters.workspaceId(), parameters.projectId());
        Manifest manifest = new Manifest(
                Manifest.FORMAT,
                Manifest.VERSION,
                Optional.ofNullable(SealTasklet.class.getPackage().getImplementationVersion())
                        .orElse("not packaged"),
                clock.instant().toString(),
                parts.project(parameters.workspaceId(), parameters.projectId()),
                set.map(live -> new Manifest.Set(live.model(), live.fingerprint(), live.dimensions(), live.type()))
                        .orElse(null),
                done.stream()
                        .filter(part -> part.kind().equals("documents"))
                        .mapToLong(Manifest.Part::items)
                        .sum(),
                done);
        ZipOutputStream zip = new ZipOutputStream(out);
        zip.setLevel(Deflater.BEST_SPEED);
        zip.putNextEntry(new ZipEntry(Manifest.ENTRY));
        zip.write(JsonMapper.shared().writeValueAsBytes(manifest));
        zip.closeEntry();
        for (Manifest.Part part : done) {
            // Vectors hardly get smaller, whatever time is spent on them.
            zip.setLevel(part.kind().equals("vectors") ? Deflater.NO_COMPRESSION : Deflater.BEST_SPEED);
            zip.putNextEntry(new ZipEntry(part.name()));
            Files.copy(parameters.parts().resolve(part.name()), zip);
            zip.closeEntry();
        }
        zip.finish();
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
