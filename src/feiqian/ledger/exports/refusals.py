"""Why a statement cannot be printed."""

from feiqian.kernel.errors import Refusal


class FontsMissing(Refusal):
    """This machine has no font that can show the statement; what cannot be read is not printed."""

    code = "fonts_missing"
    status = 503
    english = (
        "No font on this machine can show {text}. Install one (Debian: apt-get install fonts-noto-cjk fonts-noto-core),"
        " or take the statement as CSV or Excel."
    )
    chinese = (
        "服务器缺少可显示 {text} 的字体。请安装字体（Debian：apt-get install fonts-noto-cjk fonts-noto-core），"
        "或改为导出 CSV、Excel。"
    )
    retryable = True


class StatementTooLong(Refusal):
    """More entries than a printed statement may have."""

    code = "statement_too_long"
    status = 422
    english = "The period has more than {limit} entries; print a shorter one, or take the statement as CSV or Excel."
    chinese = "该期间分录超过 {limit} 条，请缩短期间，或改为导出 CSV、Excel。"
