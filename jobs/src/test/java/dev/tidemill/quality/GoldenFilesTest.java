package dev.tidemill.quality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.store.GoldenSets.Expected;
import dev.tidemill.store.GoldenSets.Judged;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenFilesTest {

    @TempDir
    private Path folder;

    @Test
    void aFolderInBeirsLayoutGivesTheJudgedQuestions() throws Exception {
        Files.writeString(folder.resolve("queries.jsonl"), """
                {"_id": "1", "text": "What drives the wheel?"}
                {"_id": "2", "text": "Nobody judged this one"}
                """);
        Files.createDirectory(folder.resolve("qrels"));
        Files.writeString(folder.resolve("qrels/test.tsv"), "query-id\tcorpus-id\tscore\n1\ta\t2\n1\tb\t0\n1\tc\t1\n");

        assertThat(GoldenFiles.read(folder))
                .containsExactly(new Judged(
                        "1",
                        "What drives the wheel?",
                        List.of(new Expected("a", 2, null), new Expected("c", 1, null))));
    }

    @Test
    void aCsvFileMayHoldQuotedFieldsGradesAndSpans() throws Exception {
        Path file = Files.writeString(folder.resolve("golden.csv"), """
                Question,Document,Grade,Span
                "Who, and ""why""?",a.md,2,"two
                lines"
                "Who, and ""why""?",b.md,,
                When?,c.md,1,
                """);

        assertThat(GoldenFiles.read(file))
                .containsExactly(
                        new Judged(
                                "Who, and \"why\"?",
                                "Who, and \"why\"?",
                                List.of(new Expected("a.md", 2, "two\nlines"), new Expected("b.md", 1, null))),
                        new Judged("When?", "When?", List.of(new Expected("c.md", 1, null))));
    }

    @Test
    void whatIsWrongIsSaidWithItsPlace() throws Exception {
        Path columns = Files.writeString(folder.resolve("columns.csv"), "question,answer\nWhy?,so\n");
        assertThatThrownBy(() -> GoldenFiles.read(columns)).hasMessageContaining("columns question and document");
        Path fields = Files.writeString(folder.resolve("fields.csv"), "question,document\nWhy?\n");
        assertThatThrownBy(() -> GoldenFiles.read(fields)).hasMessageContaining("row 2 has 1 fields, the header 2");
        Path grade = Files.writeString(folder.resolve("grade.csv"), "question,document,grade\nWhy?,a,high\n");
        assertThatThrownBy(() -> GoldenFiles.read(grade)).hasMessageContaining("line 2: grade is \"high\"");
        assertThatThrownBy(() -> GoldenFiles.read(folder)).hasMessageContaining("BEIR's layout");
    }
}
