package dev.tidemill.quality;

import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.Judged;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Judged questions in files: a folder in BEIR's layout (`queries.jsonl`, `qrels/*.tsv`), or a CSV file with the
/// columns `question`, `document` and, where wanted, `key`, `grade` and `span`.
public final class GoldenFiles {

    private static final JsonMapper JSON = JsonMapper.shared();

    private GoldenFiles() {}

    /// Reads a folder or a file.
    ///
    /// @throws IllegalArgumentException saying which line of which file is wrong
    public static List<Judged> read(Path path) throws IOException {
        return Files.isDirectory(path) ? beir(path) : csv(path);
    }

    private static List<Judged> beir(Path folder) throws IOException {
        Path queries = folder.resolve("queries.jsonl");
        Path judgements = folder.resolve("qrels");
        if (!Files.isRegularFile(queries) || !Files.isDirectory(judgements)) {
            throw new IllegalArgumentException(
                    folder + " is not in BEIR's layout: it needs queries.jsonl and a folder qrels");
        }
        Map<String, List<Expected>> relevant = new LinkedHashMap<>();
        List<Path> files;
        try (Stream<Path> listed = Files.list(judgements)) {
            files = listed.filter(file -> file.toString().endsWith(".tsv"))
                    .sorted()
                    .toList();
        }
        for (Path file : files) {
            judgements(file, relevant);
        }
        List<Judged> questions = new ArrayList<>();
        try (BufferedReader reader = Files.newBufferedReader(queries)) {
            int number = 0;
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                number++;
                if (line.isBlank()) {
                    continue;
                }
                JsonNode query;
                try {
                    query = JSON.readTree(line);
                } catch (JacksonException e) {
                    throw new IllegalArgumentException(queries + " line " + number + " is no JSON", e);
                }
                String id = query.path("_id").asString("");
                List<Expected> expected = relevant.getOrDefault(id, List.of());
                if (!expected.isEmpty()) {
                    questions.add(new Judged(id, query.path("text").asString(""), expected));
                }
            }
        }
        return questions;
    }

    /// Lines of query id, document id and grade after a header; documents of grade 0 are not relevant.
    private static void judgements(Path file, Map<String, List<Expected>> relevant) throws IOException {
        List<String> lines = Files.readAllLines(file);
        for (int i = 1; i < lines.size(); i++) {
            if (lines.get(i).isBlank()) {
                continue;
            }
            String[] fields = lines.get(i).split("\t", -1);
            if (fields.length < 3) {
                throw new IllegalArgumentException(
                        file + " line " + (i + 1) + " must hold query id, document id and grade, with tabs between");
            }
            int grade = grade(fields[2], file, i + 1);
            if (grade > 0) {
                relevant.computeIfAbsent(fields[0], id -> new ArrayList<>()).add(new Expected(fields[1], grade, null));
            }
        }
    }

    private static int grade(String text, Path file, int line) {
        try {
            return Integer.parseInt(text.strip());
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    file + " line " + line + ": grade is \"" + text + "\", no whole number", e);
        }
    }

    private static List<Judged> csv(Path file) throws IOException {
        List<List<String>> rows = rows(Files.readString(file));
        if (rows.isEmpty()) {
            throw new IllegalArgumentException(file + " is empty: the first line names the columns");
        }
        List<String> header = rows.getFirst().stream()
                .map(name -> name.strip().toLowerCase(Locale.ROOT))
                .toList();
        int question = header.indexOf("question");
        int document = header.indexOf("document");
        if (question < 0 || document < 0) {
            throw new IllegalArgumentException(file + " needs the columns question and document; it has " + header);
        }
        Map<String, List<Expected>> relevant = new LinkedHashMap<>();
        Map<String, String> texts = new LinkedHashMap<>();
        for (int i = 1; i < rows.size(); i++) {
            List<String> row = rows.get(i);
            if (row.size() == 1 && row.getFirst().isBlank()) {
                continue;
            }
            if (row.size() != header.size()) {
                throw new IllegalArgumentException(
                        file + " row " + (i + 1) + " has " + row.size() + " fields, the header " + header.size());
            }
            String text = row.get(question).strip();
            String key = value(row, header.indexOf("key"));
            String grade = value(row, header.indexOf("grade"));
            String identity = key == null ? text : key;
            texts.putIfAbsent(identity, text);
            relevant.computeIfAbsent(identity, id -> new ArrayList<>())
                    .add(new Expected(
                            row.get(document).strip(),
                            grade == null ? 1 : grade(grade, file, i + 1),
                            value(row, header.indexOf("span"))));
        }
        List<Judged> questions = new ArrayList<>();
        relevant.forEach((key, expected) -> questions.add(
                new Judged(key.substring(0, Math.min(200, key.length())), texts.getOrDefault(key, key), expected)));
        return questions;
    }

    private static @Nullable String value(List<String> row, int column) {
        return column < 0 || row.get(column).isBlank() ? null : row.get(column).strip();
    }

    /// RFC 4180: fields in quotes may hold commas, line breaks and doubled quotes.
    static List<List<String>> rows(String csv) {
        List<List<String>> rows = new ArrayList<>();
        List<String> row = new ArrayList<>();
        StringBuilder field = new StringBuilder();
        boolean quoted = false;
        for (int i = 0; i < csv.length(); i++) {
            char c = csv.charAt(i);
            if (quoted) {
                if (c == '"' && i + 1 < csv.length() && csv.charAt(i + 1) == '"') {
                    field.append('"');
                    i++;
                } else if (c == '"') {
                    quoted = false;
                } else {
                    field.append(c);
                }
                continue;
            }
            switch (c) {
                case '"' -> quoted = true;
                case ',' -> {
                    row.add(field.toString());
                    field.setLength(0);
                }
                case '\r' -> {}
                case '\n' -> {
                    row.add(field.toString());
                    field.setLength(0);
                    rows.add(row);
                    row = new ArrayList<>();
                }
                default -> field.append(c);
            }
        }
        if (!field.isEmpty() || !row.isEmpty()) {
            row.add(field.toString());
            rows.add(row);
        }
        return rows;
    }
}
