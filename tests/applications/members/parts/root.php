<?php
$parts['root'] = '@release@';
