package dev.tidemill.admin.documents;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.admin.web.BadRequest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UploadsTest {

    @ParameterizedTest
    @CsvSource({
        "report.pdf, report.pdf",
        "../../etc/passwd, passwd",
        "C:\\temp\\plan.docx, plan.docx",
        "/absolute/file.txt, file.txt",
        ".hidden, _.hidden",
        "日本語.md, 日本語.md"
    })
    void onlyTheNameOfAFileIsKept(String given, String name) {
        assertThat(Uploads.name(given)).isEqualTo(name);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", ".", "..", "a/..", "folder/", "bell\u0007.txt", "nul\0.txt"})
    void aNameThatIsNoneIsRefused(String given) {
        assertThatThrownBy(() -> Uploads.name(given)).isInstanceOf(BadRequest.class);
    }

    @Test
    void aNameOfTwoHundredCharactersIsTakenAndOneMoreIsNot() {
        assertThat(Uploads.name("x".repeat(200))).hasSize(200);
        assertThatThrownBy(() -> Uploads.name("x".repeat(201))).isInstanceOf(BadRequest.class);
    }
}
