package dev.tidemill.transfer;

import dev.tidemill.run.Progress;
import dev.tidemill.seal.SealedOutput;
import dev.tidemill.transfer.ExportParts.Done;
import dev.tidemill.transfer.ExportParts.ExportedSet;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.Deflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.crypto.SecretKey;
import org.jspecify.annotations.Nullable;
import org.springframework.batch.core.scope.context.ChunkContext;
import org.springframework.batch.core.step.StepContribution;
import org.springframework.batch.core.step.tasklet.Tasklet;
import org.springframework.batch.infrastructure.repeat.RepeatStatus;
import org.springframework.util.FileSystemUtils;
import tools.jackson.databind.json.JsonMapper;

/// Makes one file of the parts, which appears whole under its name, then removes the parts. Killed at any point, it is
/// done again from the beginning, or finds that it is done.
final class SealTasklet implements Tasklet {

    private final ExportParts parts;
    private final Archives archives;
    private final InstantSource clock;

    SealTasklet(ExportParts parts, Archives archives, InstantSource clock) {
        this.parts = parts;
        this.archives = archives;
        this.clock = clock;
    }

    @Override
    public RepeatStatus execute(StepContribution contribution, ChunkContext context) {
        TransferParameters parameters = TransferParameters.of(contribution.getStepExecution());
        try {
            seal(parameters);
            Passphrase.forget(parameters.passphraseFrom());
            Progress.message(
                    contribution.getStepExecution().getJobExecution().getExecutionContext(),
                    "wrote " + parameters.file() + ", " + size(parameters.file()) + " bytes");
            return RepeatStatus.FINISHED;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + parameters.file() + ": " + e.getMessage(), e);
        }
    }

    /// Makes the file, or finds that it is made, and removes the parts.
    void seal(TransferParameters parameters) throws IOException {
        List<Done> done = parts.done(parameters.workspaceId(), parameters.instance());
        if (!isSealed(parameters, done)) {
            requireAll(parameters, done);
            make(parameters, done);
        }
        remove(parameters.parts());
        removeDrafts(parameters);
    }

    /// Of runs that were killed.
    private static void removeDrafts(TransferParameters parameters) throws IOException {
        Path drafts = Path.of(drafts(parameters));
        Path folder = drafts.toAbsolutePath().getParent();
        if (folder == null) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(path -> path.getFileName()
                            .toString()
                            .startsWith(drafts.getFileName().toString()))
                    .toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    /// What gets the file's name is said to be whole.
    private void requireAll(TransferParameters parameters, List<Done> done) {
        boolean cut = parameters.format() != TransferParameters.Format.ARCHIVE
                || done.stream().anyMatch(part -> part.kind().equals("configuration"));
        if (!cut || !parts.open(parameters.workspaceId(), parameters.instance()).isEmpty()) {
            throw new IllegalStateException(
                    "the export into " + parameters.file() + " lacks parts, nothing was written: export again");
        }
    }

    /// Parts are removed only when the file is whole under its name.
    private static boolean isSealed(TransferParameters parameters, List<Done> done) {
        return Files.exists(parameters.file())
                && (Files.notExists(parameters.parts())
                        || done.stream().anyMatch(part -> Files.notExists(part.in(parameters))));
    }

    private void make(TransferParameters parameters, List<Done> done) throws IOException {
        if (parameters.format() == TransferParameters.Format.PARQUET) {
            makeFolder(parameters, done);
            return;
        }
        // Of this run alone: another process may not know yet that the export was taken over from it.
        Path draft = Path.of(drafts(parameters) + parameters.runId());
        try {
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(draft), 1 << 16)) {
                if (parameters.format() == TransferParameters.Format.LINES) {
                    for (Done part : done) {
                        Files.copy(part.in(parameters), out);
                    }
                } else {
                    zip(parameters, done, out);
                }
            }
            PartFiles.publish(draft, parameters.file());
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    private static String drafts(TransferParameters parameters) {
        return parameters.file() + ".draft-" + parameters.instance() + "-";
    }

    /// A folder is what readers of many Parquet files take; what a killed part left in it goes.
    private static void makeFolder(TransferParameters parameters, List<Done> done) throws IOException {
        for (Done part : done) {
            Path named = parameters.parts().resolve(part.name());
            // Otherwise an earlier run has done so.
            if (Files.exists(part.in(parameters))) {
                Files.move(part.in(parameters), named, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        Set<String> names = done.stream().map(Done::name).collect(Collectors.toSet());
        try (Stream<Path> files = Files.list(parameters.parts())) {
            for (Path file : files.filter(
                            path -> !names.contains(path.getFileName().toString()))
                    .toList()) {
                FileSystemUtils.deleteRecursively(file);
            }
        }
        Files.move(parameters.parts(), parameters.file(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void zip(TransferParameters parameters, List<Done> done, OutputStream out) throws IOException {
        SecretKey key = PartFiles.key(parameters, archives);
        ZipOutputStream zip = new ZipOutputStream(out);
        // Parts are as small as they get.
        zip.setLevel(Deflater.NO_COMPRESSION);
        if (key != null) {
            entry(zip, Lock.ENTRY, JsonMapper.shared().writeValueAsBytes(PartFiles.lock(parameters)));
        }
        byte[] manifest = JsonMapper.shared().writeValueAsBytes(manifest(parameters, done));
        entry(zip, sealed(Manifest.ENTRY, key), key == null ? manifest : sealed(manifest, key));
        for (Done part : done) {
            zip.putNextEntry(new ZipEntry(sealed(part.name(), key)));
            Files.copy(part.in(parameters), zip);
            zip.closeEntry();
        }
        zip.finish();
    }

    private Manifest manifest(TransferParameters parameters, List<Done> done) {
        List<ExportedSet> sets =
                parts.sets(parameters.workspaceId(), parameters.projectId(), parameters.onlyLive()).stream()
                        // One that came to be while parts were written is not in them.
                        .filter(set -> set.set().live()
                                || done.stream().anyMatch(part -> part.setId() != null && part.setId() == set.id()))
                        .toList();
        List<Long> ids = sets.stream().map(ExportedSet::id).toList();
        return new Manifest(
                Manifest.FORMAT,
                Manifest.VERSION,
                Optional.ofNullable(SealTasklet.class.getPackage().getImplementationVersion())
                        .orElse("not packaged"),
                clock.instant().toString(),
                parts.project(parameters.workspaceId(), parameters.projectId()),
                null,
                sets.stream().map(ExportedSet::set).toList(),
                done.stream()
                        .filter(part -> part.kind().equals("documents"))
                        .mapToLong(Done::items)
                        .sum(),
                done.stream()
                        .map(part -> new Manifest.Part(
                                part.name(),
                                part.kind(),
                                part.items(),
                                part.bytes(),
                                part.sha256(),
                                part.setId() == null ? null : Integer.valueOf(ids.indexOf(part.setId()))))
                        .toList());
    }

    private static String sealed(String name, @Nullable SecretKey key) {
        return key == null ? name : name + Archive.SEALED;
    }

    private static byte[] sealed(byte[] content, SecretKey key) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (SealedOutput out = new SealedOutput(bytes, key, Manifest.ENTRY)) {
            out.write(content);
        }
        return bytes.toByteArray();
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        zip.putNextEntry(new ZipEntry(name));
        zip.write(content);
        zip.closeEntry();
    }

    private static long size(Path file) throws IOException {
        if (!Files.isDirectory(file)) {
            return Files.size(file);
        }
        try (Stream<Path> files = Files.list(file)) {
            long bytes = 0;
            for (Path each : files.toList()) {
                bytes += Files.size(each);
            }
            return bytes;
        }
    }

    private static void remove(Path folder) throws IOException {
        if (!Files.isDirectory(folder)) {
            return;
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.deleteIfExists(file);
            }
        }
        Files.deleteIfExists(folder);
    }
}
