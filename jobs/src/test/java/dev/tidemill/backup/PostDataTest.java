package dev.tidemill.backup;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.backup.PostData.Later;
import dev.tidemill.backup.PostData.Stage;
import java.sql.SQLException;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// What comes after the data is done in the order in which it is needed.
class PostDataTest {

    private static final String SCRIPT = """
            --
            -- Name: chunks; Type: CONSTRAINT
            --

            SET default_tablespace = '';
            SELECT pg_catalog.set_config('search_path', '', false);
            ALTER TABLE ONLY public.chunks
                ADD CONSTRAINT chunks_pkey PRIMARY KEY (id);
            ALTER TABLE ONLY public."Odd Table"
                ADD CONSTRAINT "Odd Key" PRIMARY KEY (id);
            ALTER TABLE ONLY public.embedding_cache
                ADD CONSTRAINT embedding_cache_pkey PRIMARY KEY (id);
            CREATE INDEX chunks_document ON public.chunks USING btree (document_id);
            CREATE INDEX chunks_words ON public.chunks USING gin (tsv) WHERE (valid_to IS NULL);
            CREATE INDEX vectors_1_hnsw ON public.vectors_1 USING hnsw (embedding public.halfvec_cosine_ops);
            COMMENT ON INDEX public.chunks_words IS 'for; words';
            ALTER TABLE ONLY public.chunks
                ADD CONSTRAINT chunks_odd FOREIGN KEY (odd) REFERENCES public."Odd Table"(id) ON DELETE CASCADE;
            ALTER TABLE ONLY public.chunks
                ADD CONSTRAINT chunks_loose FOREIGN KEY (loose) REFERENCES public.chunks(id) NOT VALID;
            ALTER TABLE public.parted
                ADD CONSTRAINT parted_chunk FOREIGN KEY (chunk) REFERENCES public.chunks(id);
            CREATE POLICY mine ON public.chunks USING (true);
            ALTER TABLE public.embedding_cache ENABLE ROW LEVEL SECURITY;
            ALTER INDEX public.vectors_1_hnsw SET (fillfactor = 90);
            """;

    private static PostData data() throws SQLException {
        return PostData.of(
                SCRIPT,
                Map.of("public.chunks", 50_000L, "public.vectors_1", 50_000L, "public.\"Odd Table\"", 3L),
                Set.of("public.embedding_cache"));
    }

    private static List<String> sql(Stage stage) throws SQLException {
        return data().all().stream()
                .filter(later -> later.stage() == stage)
                .map(later -> later.sql().replaceAll("\\s+", " "))
                .toList();
    }

    @Test
    void statementsAreDoneInTheOrderInWhichTheyAreNeeded() throws SQLException {
        assertThat(sql(Stage.KEYS)).hasSize(3).anyMatch(sql -> sql.contains("Odd Key"));
        assertThat(sql(Stage.RULES)).containsExactly("CREATE POLICY mine ON public.chunks USING (true)");
        assertThat(sql(Stage.LATE_KEYS)).singleElement().asString().contains("embedding_cache_pkey");
        assertThat(sql(Stage.LATE_RULES)).singleElement().asString().contains("ENABLE ROW LEVEL SECURITY");
        assertThat(sql(Stage.COSTLY_INDEXES))
                .satisfiesExactlyInAnyOrder(
                        vectors -> assertThat(vectors).contains("USING hnsw"),
                        words -> assertThat(words).contains("USING gin"));
        assertThat(sql(Stage.LAST)).hasSize(2).allMatch(sql -> sql.contains("INDEX public."));
        assertThat(data().all()).isSortedAccordingTo(java.util.Comparator.comparing(Later::stage));
        assertThat(data().all()).extracting(Later::number).doesNotHaveDuplicates();
    }

    @Test
    void referencesAreMadeAtOnceAndProvedLater() throws SQLException {
        assertThat(sql(Stage.REFERENCES))
                .containsExactly(
                        "ALTER TABLE ONLY public.chunks ADD CONSTRAINT chunks_odd FOREIGN KEY (odd) REFERENCES"
                                + " public.\"Odd Table\"(id) ON DELETE CASCADE NOT VALID",
                        "ALTER TABLE ONLY public.chunks ADD CONSTRAINT chunks_loose FOREIGN KEY (loose) REFERENCES"
                                + " public.chunks(id) NOT VALID",
                        "ALTER TABLE public.parted ADD CONSTRAINT parted_chunk FOREIGN KEY (chunk) REFERENCES"
                                + " public.chunks(id)");
        assertThat(sql(Stage.VALIDATION))
                .as("one that was never proved stays so, and large tables are not looked at meanwhile")
                .containsExactlyInAnyOrder(
                        "ALTER TABLE public.chunks VALIDATE CONSTRAINT chunks_odd", "ANALYZE public.\"Odd Table\"");
    }

    @Test
    void theLongestWorkBeginsFirstAndKeysBeforeIndexes() throws SQLException {
        List<PostData.Work> work = data().work(EnumSet.of(Stage.KEYS, Stage.COSTLY_INDEXES), Set.of());

        assertThat(work.stream()
                        .map(each -> each.statements().getFirst().sql().replaceAll("\\s+", " "))
                        .toList())
                .satisfiesExactly(
                        first -> assertThat(first).contains("chunks_pkey"),
                        second -> assertThat(second).contains("vectors_1_hnsw"),
                        third -> assertThat(third).contains("chunks_words"),
                        fourth -> assertThat(fourth).contains("chunks_document"),
                        small -> assertThat(small).contains("Odd Key"));
    }

    @Test
    void whatIsDoneIsNotDoneAgain() throws SQLException {
        Set<Integer> done = data().all().stream().map(Later::number).collect(java.util.stream.Collectors.toSet());

        assertThat(data().work(EnumSet.allOf(Stage.class), done)).isEmpty();
        assertThat(data().left(Stage.REFERENCES, done)).isEmpty();
    }
}
