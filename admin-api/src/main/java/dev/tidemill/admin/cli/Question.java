package dev.tidemill.admin.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// The question and its filters, shared by search and ask.
final class Question {

    @Parameters(index = "0", paramLabel = "QUESTION", description = "what to look for, in quotes")
    private String question = "";

    @Option(names = "--project", description = "project to ask (default: ${DEFAULT-VALUE})", defaultValue = "default")
    private String project = "default";

    @Option(names = "-k", description = "how many hits, 1 to 100 (default: ${DEFAULT-VALUE})", defaultValue = "10")
    private int k = 10;

    @Option(
            names = "--mode",
            description = "hybrid, vector or text (default: ${DEFAULT-VALUE})",
            defaultValue = "hybrid")
    private String mode = "hybrid";

    @Option(names = "--source", description = "only this source, by location or id; may be repeated")
    private List<String> sources = new ArrayList<>();

    @Option(names = "--document", description = "only this document, by key; may be repeated")
    private List<String> documents = new ArrayList<>();

    @Option(
            names = "--meta",
            paramLabel = "NAME=VALUE",
            description = "only documents with this metadata; may be repeated")
    private Map<String, String> metadata = new LinkedHashMap<>();

    @Option(names = "--heading", description = "only below this heading")
    private @Nullable String heading;

    @Option(
            names = "--as-of",
            paramLabel = "TIME|run:ID",
            description = "the corpus as it was then, for example 2026-03-01T12:00:00Z, or at the end of that run")
    private @Nullable String asOf;

    @Option(names = "--explain", description = "tell ranks, scores and times")
    private boolean explain;

    boolean explain() {
        return explain;
    }

    String path(String operation) {
        return "/api/v1/projects/" + Api.encoded(project) + "/" + operation;
    }

    Map<String, Object> body() {
        Map<String, Object> filter = new LinkedHashMap<>();
        if (!sources.isEmpty()) {
            filter.put("sources", sources);
        }
        if (!documents.isEmpty()) {
            filter.put("documents", documents);
        }
        if (!metadata.isEmpty()) {
            filter.put("metadata", metadata);
        }
        if (heading != null) {
            filter.put("heading", heading);
        }
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("question", question);
        body.put("k", k);
        body.put("mode", mode);
        if (!filter.isEmpty()) {
            body.put("filter", filter);
        }
        if (asOf != null) {
            body.put("asOf", asOf);
        }
        body.put("explain", explain);
        return body;
    }
}
