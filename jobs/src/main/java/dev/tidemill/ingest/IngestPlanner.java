package dev.tidemill.ingest;

import dev.tidemill.document.ContentHash;
import dev.tidemill.run.InvalidParameter;
import dev.tidemill.run.Plan;
import dev.tidemill.source.Listing;
import dev.tidemill.source.SourceItem;
import dev.tidemill.source.SourceType;
import dev.tidemill.source.Sources;
import dev.tidemill.store.Documents;
import dev.tidemill.store.Documents.Known;
import dev.tidemill.store.Project;
import dev.tidemill.store.Projects;
import dev.tidemill.store.SourceScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Says what an ingest would do: lists and hashes the source as the discover step does, and writes nothing.
final class IngestPlanner {

    private static final int PAGE = 200;

    private final Projects projects;
    private final Documents documents;
    private final IngestMeasures measures;
    private final Sources sources;
    private final HashProcessor hashes;
    private final IngestProperties properties;
    private final String profile;
    private final Function<SourceScope, Listing> storedListing;

    IngestPlanner(
            Projects projects,
            Documents documents,
            IngestMeasures measures,
            Sources sources,
            IngestProperties properties,
            String profile,
            Function<SourceScope, Listing> storedListing) {
        this.projects = projects;
        this.documents = documents;
        this.measures = measures;
        this.sources = sources;
        this.hashes = new HashProcessor(properties.extract().maxFile().toBytes());
        this.properties = properties;
        this.profile = profile;
        this.storedListing = storedListing;
    }

    Plan plan(UUID workspaceId, Map<String, String> given) {
        String slug = given.getOrDefault("project", "");
        Project project = projects.find(workspaceId, slug)
                .orElseThrow(() -> new InvalidParameter("project", "there is no project \"" + slug + "\""));
        SourceType type = SourceType.byId(given.getOrDefault("type", ""));
        boolean stored = IngestPreparation.stored(given);
        String location = IngestPreparation.location(type, given);
        SourceScope scope = projects.findSource(project, type.id(), location)
                .map(id -> new SourceScope(workspaceId, project.id(), id))
                .orElse(null);
        if (stored && scope == null) {
            throw new InvalidParameter("location", "nothing of " + type.id() + " " + location + " is stored");
        }
        Look look = new Look(scope, type, stored);
        try (Listing listing = stored && scope != null ? storedListing.apply(scope) : sources.open(type, location)) {
            look.at(listing);
        } catch (IOException e) {
            throw new UncheckedIOException("the listing of " + location + " could not be closed", e);
        }
        return look.plan(workspaceId, given);
    }

    /// One look at a source.
    private final class Look {
        private final @Nullable SourceScope scope;
        private final SourceType type;
        private final boolean stored;
        private final MessageDigest world = ContentHash.sha256();
        private final List<SourceItem> page = new ArrayList<>();
        private final Map<String, Long> counts = new LinkedHashMap<>();
        private long bytes;
        private long present;

        Look(@Nullable SourceScope scope, SourceType type, boolean stored) {
            this.scope = scope;
            this.stored = stored;
            this.type = type;
            for (String name : List.of("new", "changed", "unchanged", "again", "gone", "refused")) {
                counts.put(name, 0L);
            }
            note(profile);
        }

        private void note(String fact) {
            world.update(fact.getBytes(StandardCharsets.UTF_8));
            world.update((byte) 0);
        }

        private void count(String name, long more) {
            counts.merge(name, more, Long::sum);
        }

        void at(Listing listing) {
            for (SourceItem item = listing.next(); item != null; item = listing.next()) {
                page.add(item);
                if (page.size() == PAGE) {
                    judge();
                }
            }
            judge();
        }

        private void judge() {
            Map<String, Known> known = scope == null
                    ? Map.of()
                    : documents.known(scope, page.stream().map(SourceItem::key).toList());
            for (SourceItem item : page) {
                judge(item, known.get(item.key()));
            }
            page.clear();
        }

        private void judge(SourceItem item, @Nullable Known before) {
            note(item.key());
            note(before == null ? "" : before.version() + " " + before.state() + " " + before.deleted());
            if (before != null && !before.deleted()) {
                present++;
            }
            try {
                Candidate found = hashes.process(item);
                note(found.hash().hex());
                if (before != null && DiscoverWriter.isUnchanged(found, before, profile)) {
                    boolean waits = "discovered".equals(before.state()) || "extracted".equals(before.state());
                    count(waits ? "again" : "unchanged", 1);
                    bytes += waits ? found.size() : 0;
                } else {
                    boolean sameBytes = before != null && found.hash().equals(before.hash()) && !before.deleted();
                    count(before == null || before.version() == 0 ? "new" : sameBytes ? "again" : "changed", 1);
                    bytes += found.size();
                }
            } catch (Refusal refusal) {
                note(refusal.reason());
                count("refused", 1);
            } finally {
                discard(item);
            }
        }

        private static void discard(SourceItem item) {
            if (item.content() instanceof SourceItem.OfFile file && file.temporary()) {
                try {
                    Files.deleteIfExists(file.path());
                } catch (IOException e) {
                    throw new UncheckedIOException(file.path() + " cannot be removed: " + e.getMessage(), e);
                }
            }
        }

        private long counted(String what) {
            return counts.getOrDefault(what, 0L);
        }

        Plan plan(UUID workspaceId, Map<String, String> given) {
            List<String> notes = new ArrayList<>();
            long known = scope == null ? 0 : documents.presence(scope, -1).documents();
            note(Long.toString(known));
            long gone = type.complete() && !stored ? known - present : 0;
            count("gone", gone);
            boolean allowed = Boolean.parseBoolean(given.getOrDefault("allowMassDelete", "false"));
            if (gone > 0 && !allowed && properties.massDelete().suspicious(known, gone)) {
                notes.add(gone + " of " + known + " documents are missing at the source: none would be retired before"
                        + " allowMassDelete says that they are really gone");
            }
            if (counted("refused") > 0) {
                notes.add(counted("refused")
                        + " documents would be refused while the source is listed; more may be when they"
                        + " are read");
            }
            long work = counted("new") + counted("changed") + counted("again");
            IngestMeasures.Ratios ratios = measures.ratios(workspaceId);
            long tokens = Math.round(bytes * ratios.tokensPerByte());
            long chunks = work == 0 ? 0 : Math.max(work, Math.round(tokens / ratios.tokensPerChunk()));
            notes.addAll(ratios.notes());
            Duration time = Duration.ZERO;
            IngestMeasures.Rates rates = measures.rates(workspaceId);
            if (work > 0) {
                if (rates.documentsPerSecond() > 0 && rates.chunksPerSecond() > 0) {
                    time = Duration.ofSeconds(
                            (long) Math.ceil(work / rates.documentsPerSecond() + chunks / rates.chunksPerSecond()));
                } else {
                    notes.add("no earlier ingest of this workspace to take rates from: the time is not known");
                }
            }
            counts.put("bytes", bytes);
            counts.put("chunks", chunks);
            return new Plan(
                    counts,
                    tokens,
                    BigDecimal.ZERO,
                    time,
                    bytes + Math.round(chunks * ratios.diskBytesPerChunk()),
                    notes,
                    HexFormat.of().formatHex(world.digest()));
        }
    }
}
