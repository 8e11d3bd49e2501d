"""What orders and their events are written with, so that each of them needs to hold little of it.

The texts are compressed against this vocabulary: names of fields, words that are chosen from few,
and how they follow each other; nothing that any order says of itself. What is found most stands
last, where referring to it is shortest. An order of one line shrinks to less than a third, which
keeps it and each change of it below the kilobyte that DynamoDB bills at least.
"""

from typing import Final

# Stored orders can't be read without it: it must never change. Another vocabulary would stand
# beside it, and compressed texts say by its checksum which one they need.
VOCABULARY: Final = (
    b'"provider":"","paid_at":"2030-01-01T00:00:00.000Z"}"require_insurance":true,'
    b'"payment_said":""}}},"provider":"bricklink","method":"PayPal"}],'
    b'"closed_at":"2030-01-01T00:00:00.000Z"}"status":"completed","country_code":""},'
    b'"payment_method":"alipay","extensions":{"youhaosuda":{"purchase_ip":""}}},'
    b'"state":"received","carrier":"","tracking_number":"","details":{"sender":{"name":"",'
    b'"phone":""},"extensions":{"marketplace":{"kind":"taobao","merchant_order_no":"",'
    b'"merchant_trade_no":"","coupon_code":"","gift_card_text":"","ship_method_id":0,'
    b'"expected_date":"","delivery_date":""}}},"wire":"marketplace","status":"expired",'
    b'"refund_window":0},"details":{"shipping_address":{"full_name":"","city_code":""}},'
    b'"scope":"marketplace:taobao","state":"held","updated_at":"2030-01-01T00:00:00.000Z"},'
    b'"closed_at":"2030-01-01T00:00:00.000Z","payment_due_at":"2030-01-01T00:00:00.000Z",'
    b'"held_refunds":[{"id":0,"is_of_total":true,"is_of_held":true},"is_of_held":true}],'
    b'"early_refunds":[{"provider":"paypal","refund_id":""},'
    b'"refund_id":""}]}"wire":"brandcloud","currency":"JPY","attributes":{"user_id":0}},'
    b'"payment_method":"credit_card","extensions":{"brandcloud":{"agent_id":0,'
    b'"agent_given_name":"","agent_family_name":"","agent_email":"","retailer_id":0,'
    b'"retailer_name":"","cart_id":"","payment_type":""}}},"references":[{"kind":"cart",'
    b'"scope":"","value":""},"attributes":{"company_id":0,"company_name":"","item_number":"",'
    b'"product_number":""},"provider":"payworks","method":"credit_card"}],"state":"succeeded",'
    b'"refundable_until":"2030-01-01T00:00:00.000Z","invoicing":{"seller":{"id":"",'
    b'"address":{"line1":"","postal_code":""}},"number":""},"invoices":[{"number":"",'
    b'"issued_at":"2030-01-01T00:00:00.000Z","recipient":{"full_name":"",'
    b'"email":""}}]}"wire":"youhaosuda","currency":"CNY","email":""},"city_code":"",'
    b'"district":"","district_code":"","customer_note":"","payment_method":"wechat",'
    b'"extensions":{"youhaosuda":{"invoice_type":0,"invoice_title":"","invoice_tax_number":0,'
    b'"invoice_style":0,"invoice_content":0,"e_invoice_mobile":"","e_invoice_email":"",'
    b'"bank_code":""}}},"references":[{"kind":"order","scope":"number","included":true}],'
    b'"code":""}],"provider":"alipay","method":"alipay"}],"refunds":[{"id":0,'
    b'"state":"requested","reason":"","payment_id":0,"beyond_sale":[0,"state":"failed",'
    b'"failure":"","wire":"bricklink","currency":"EUR","terms":{},'
    b'"attributes":{"shop_id":""}},"postal_code":""},"payment_method":"PayPal",'
    b'"extensions":{"bricklink":{"shipping_method":"","shipping_method_id":0,'
    b'"require_insurance":true}}},"attributes":{"inventory_id":0,"type":"PART",'
    b'"category_id":0,"color_id":0,"color_name":"","new_or_used":"","weight":"","remarks":"",'
    b'"description":""},"type":"SET","completeness":""},"charges":[{"kind":"shipping",'
    b'{"kind":"insurance","CNY"]}],"kind":"credit"}],"provider":"paypal",'
    b'"updated_at":"2030-01-01T00:00:00.000Z"}],"is_filed":true,"messages":[{"subject":"",'
    b'"body":"","sender":"","recipient":"","sent_at":"2030-01-01T00:00:00.000Z"}],'
    b'"feedback":[{"id":0,"side":"","rating":0,"rated_at":"2030-01-01T00:00:00.000Z",'
    b'"comment":""},"comment":"","reply":""}]}{"shop_id":"","id":0,"number":"",'
    b'"wire":"shoplazza","currency":"USD","version":0,"status":"open",'
    b'"created_at":"2030-01-01T00:00:00.000Z","updated_at":"2030-01-01T00:00:00.000Z",'
    b'"terms":{"payment_timeout":0,"refund_window":0,"auto_receive":0},'
    b'"details":{"customer":{"id":"","name":"","email":"","phone":"",'
    b'"attributes":{"first_name":"","last_name":""}},"shipping_address":{"full_name":"",'
    b'"given_name":"","family_name":"","line1":"","line2":"","city":"","province":"",'
    b'"province_code":"","country":"","country_code":"","postal_code":"",'
    b'"attributes":{"latitude":"","longitude":""}},"payment_method":"cod",'
    b'"extensions":{"shoplazza":{"checkout_token":"","checkout_base":"","invoice_base":"",'
    b'"shop_number":0,"tax_included":false,"answered_at":"","body_hash":""}}},'
    b'"references":[{"kind":"idempotency","scope":"shoplazza","value":""}],'
    b'"lines":[{"product_id":"","quantity":0,"unit_price":[0,"CNY"],"variant_id":"","sku":"",'
    b'"options":"","image_url":"","list_price":[0,"weight_grams":0,"id":0},"id":0}],'
    b'"charges":[{"kind":"tax","amount":[0,"CNY"]},{"kind":"shipping","description":""}],'
    b'"discounts":[{"amount":[0,"kind":"manual","name":""}],"payments":[{"id":0,'
    b'"provider":"shoplazza","transaction_id":"","state":"captured","method":"cod"}],'
    b'"shipments":[{"id":0,"lines":[{"line_id":0,"quantity":0},"quantity":0}],"state":"sent",'
    b'"sent_at":"2030-01-01T00:00:00.000Z","auto_receive_at":"2030-01-01T00:00:00.000Z"}],'
    b'"notes":[{"at":"2030-01-01T00:00:00.000Z","author":"","text":""}],"tags":["",""],'
    b'"paid_at":"2030-01-01T00:00:00.000Z","refundable_until":"2030-01-01T00:00:00.000Z"}'
)
