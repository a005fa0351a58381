<?php
// For each line of hexadecimal: the value that unserialize() made of it, written so that two values are equal exactly
// when their texts are, in hexadecimal: N, b0 b1, i<number>, d<its 8 bytes>, s<hex>, O<class>(id of its members), and
// arrays as {key=value;...} sorted by the text of their keys; "refused" where PHP does not take it.
error_reporting( 0 );

function write( $value ) {
	if ( is_array( $value ) ) {
		$fields = [];
		foreach ( $value as $key => $element ) {
			$fields[] = ( is_int( $key ) ? "i$key" : 's' . bin2hex( $key ) ) . '=' . write( $element ) . ';';
		}
		sort( $fields, SORT_STRING );
		return '{' . implode( $fields ) . '}';
	} elseif ( is_object( $value ) ) {
		$members = (array)$value;
		return 'O' . $members['__PHP_Incomplete_Class_Name'] . '(' . $members['interpreterId'] . ',' . $members['id'] . ')';
	} elseif ( is_float( $value ) ) {
		return 'd' . bin2hex( pack( 'E', $value ) );
	}
	return is_null( $value ) ? 'N' : ( is_bool( $value ) ? 'b' . (int)$value : ( is_int( $value ) ? "i$value" : 's' . bin2hex( $value ) ) );
}

while ( ( $line = fgets( STDIN ) ) !== false ) {
	$text = hex2bin( trim( $line ) );
	$value = unserialize( $text );
	echo bin2hex( $value === false && $text !== 'b:0;' ? 'refused' : write( $value ) ), "\n";
}
