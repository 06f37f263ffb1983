<?php
$parts['own'] = '@release@';
