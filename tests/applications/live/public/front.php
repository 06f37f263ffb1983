<?php
// Answers every path that is no file.
declare(strict_types=1);

header('Content-Type: text/plain');
echo 'front: ' . parse_url($_SERVER['REQUEST_URI'], PHP_URL_PATH);
