<?php
declare(strict_types=1);

const ROOT = __DIR__ . '/..';

/** Return what this release calls itself. */
function release(): string
{
    return trim((string) file_get_contents(ROOT . '/RELEASE'));
}

/** Add a line to a file of the folder that releases share. */
function note(string $file, string $line): void
{
    file_put_contents(ROOT . "/var/$file", $line . "\n", FILE_APPEND | LOCK_EX);
}

/** Return the lines of such a file. */
function lines(string $file): array
{
    return is_file(ROOT . "/var/$file") ? file(ROOT . "/var/$file", FILE_IGNORE_NEW_LINES) : [];
}
